/* SPDX-License-Identifier: MIT */
/*
 * condition WAIT|cancel|owner: waits on a condition variable that nobody signals. WAIT is wait, timedwait or clockwait,
 * shared-… for one that processes may share: 0 if it returned 0, 3 if the time was over, with the mutex held in any
 * case. cancel: a thread that waits so is cancelled, 0 if it let go of the mutex. owner: waits until another process
 * has taken the mutex meanwhile and died with it, 0 if it is told so.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { PATIENCE_S = 60, NOT_HELD = 2, TIMED_OUT = 3 };

static struct place {
	pthread_mutex_t lock;
	pthread_cond_t condition;
} *place;

static int started[2];

static int place_make(int shared, int type)
{
	pthread_mutexattr_t lock;
	pthread_condattr_t condition;

	place = mmap(NULL, sizeof(*place), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (place == MAP_FAILED)
		return -1;
	pthread_mutexattr_init(&lock);
	pthread_mutexattr_settype(&lock, type);
	pthread_mutexattr_setpshared(&lock, shared);
	if (shared == PTHREAD_PROCESS_SHARED)
		pthread_mutexattr_setrobust(&lock, PTHREAD_MUTEX_ROBUST);
	pthread_condattr_init(&condition);
	pthread_condattr_setpshared(&condition, shared);
	return pthread_mutex_init(&place->lock, &lock) || pthread_cond_init(&place->condition, &condition) ? -1 : 0;
}

static int wait_once(const char *how)
{
	struct timespec until;
	int monotonic = strcmp(how, "clockwait") == 0;

	clock_gettime(monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	if (monotonic)
		return pthread_cond_clockwait(&place->condition, &place->lock, CLOCK_MONOTONIC, &until);
	if (strcmp(how, "timedwait") == 0)
		return pthread_cond_timedwait(&place->condition, &place->lock, &until);
	return pthread_cond_wait(&place->condition, &place->lock);
}

static int waiter(const char *how, int shared)
{
	int error;

	if (place_make(shared, PTHREAD_MUTEX_ERRORCHECK) || pthread_mutex_lock(&place->lock))
		return 1;
	error = wait_once(how);
	if (pthread_mutex_lock(&place->lock) != EDEADLK)
		return NOT_HELD;
	pthread_mutex_unlock(&place->lock);
	return error == ETIMEDOUT ? TIMED_OUT : error;
}

static void let_go(void *arg)
{
	pthread_mutex_unlock(arg);
}

static void *wait_for_ever(void *arg)
{
	int told;

	pthread_mutex_lock(&place->lock);
	pthread_cleanup_push(let_go, &place->lock);
	/* write() could be cancelled as well: it is to be in the wait. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	told = write(started[1], "x", 1) == 1;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	while (told && pthread_cond_wait(&place->condition, &place->lock) == 0)
		;
	pthread_cleanup_pop(1);
	return arg;
}

static int cancelled(void)
{
	pthread_t thread;
	void *end = NULL;
	char c;

	if (place_make(PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_NORMAL) || pipe(started) ||
		pthread_create(&thread, NULL, wait_for_ever, place) || read(started[0], &c, 1) != 1)
		return 1;
	if (pthread_cancel(thread) || pthread_join(thread, &end) || end != PTHREAD_CANCELED)
		return 1;
	return pthread_mutex_trylock(&place->lock) ? NOT_HELD : 0;
}

static int owner_died(void)
{
	int error, status = 0;
	pid_t child;

	if (place_make(PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_NORMAL) || pthread_mutex_lock(&place->lock))
		return 1;
	child = fork();
	if (child == 0)
		_exit(pthread_mutex_lock(&place->lock));
	do
		error = pthread_cond_wait(&place->condition, &place->lock);
	while (!error);
	waitpid(child, &status, 0);
	return child < 0 || status || error != EOWNERDEAD;
}

int main(int argc, char **argv)
{
	static const char shared[] = "shared-";
	const char *how = argc == 2 ? argv[1] : "";

	if (strcmp(how, "cancel") == 0)
		return cancelled();
	if (strcmp(how, "owner") == 0)
		return owner_died();
	return strncmp(how, shared, strlen(shared)) == 0 ?
		       waiter(how + strlen(shared), PTHREAD_PROCESS_SHARED) : waiter(how, PTHREAD_PROCESS_PRIVATE);
}
