/* SPDX-License-Identifier: MIT */
/* A baker and an eater, two processes, and a shelf in memory that both have. The eater waits while it is empty. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAVES 3

static struct shelf {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	int first, count;
	int weight[LOAVES];
} *shelf;

static void shelf_lock(void)
{
	int error = pthread_mutex_lock(&shelf->lock);

	if (error == EOWNERDEAD) {
		fputs("shelf: whoever stood at it has died\n", stderr);
		_exit(1);
	}
	if (error) {
		fprintf(stderr, "shelf: %s\n", strerror(error));
		_exit(1);
	}
}

static int loaf_take(void)
{
	int weight;

	shelf_lock();
#ifdef REPAIRED
	while (shelf->count == 0)
#else
	if (shelf->count == 0)
#endif
		if (pthread_cond_wait(&shelf->filled, &shelf->lock))
			_exit(1);
	weight = shelf->weight[shelf->first++];
	shelf->count--;
	pthread_mutex_unlock(&shelf->lock);
	return weight;
}

static void loaf_put(int weight)
{
	shelf_lock();
	shelf->weight[shelf->first + shelf->count++] = weight;
	pthread_cond_signal(&shelf->filled);
	pthread_mutex_unlock(&shelf->lock);
}

static void shelf_make(void)
{
	pthread_mutexattr_t lock;
	pthread_condattr_t filled;

	shelf = mmap(NULL, sizeof(*shelf), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shelf == MAP_FAILED) {
		perror("shelf");
		exit(1);
	}
	pthread_mutexattr_init(&lock);
	pthread_mutexattr_setpshared(&lock, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&lock, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shelf->lock, &lock);
	pthread_condattr_init(&filled);
	pthread_condattr_setpshared(&filled, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shelf->filled, &filled);
}

/* Ends with the weight of all that it has eaten. */
static int eater(pid_t baker)
{
	int eaten = 0;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != baker)
		return 0;
	for (int i = 0; i < LOAVES; i++)
		eaten += loaf_take();
	return eaten;
}

int main(void)
{
	pid_t baker = getpid(), child;
	int status;

	shelf_make();
	child = fork();
	if (child < 0) {
		perror("baker: fork");
		return 1;
	}
	if (child == 0)
		_exit(eater(baker));
	for (int i = 1; i <= LOAVES; i++) {
		usleep(2000);		/* it takes its time in the oven */
		loaf_put(10 * i);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	if (!WIFEXITED(status)) {
		fputs("baker: the eater has died\n", stderr);
		return 1;
	}
	printf("eaten: %d\n", WEXITSTATUS(status));
	return WEXITSTATUS(status) == 10 * (LOAVES * (LOAVES + 1) / 2) ? 0 : 1;
}
