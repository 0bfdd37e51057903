/* SPDX-License-Identifier: MIT */
/* Three clerks book into one ledger in shared memory, under a mutex that they share. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLERKS 3
#define BOOKINGS 4

struct ledger {
	pthread_mutex_t lock;
	long debit, credit;
};

static int enter(struct ledger *l)
{
	int err = pthread_mutex_lock(&l->lock);

#ifdef REPAIRED
	if (err == EOWNERDEAD) {
		/* the last one died between the two sides: the smaller is right */
		l->debit = l->credit = l->debit < l->credit ? l->debit : l->credit;
		err = pthread_mutex_consistent(&l->lock);
	}
#endif
	return err;
}

static int book(struct ledger *l, long amount)
{
	if (enter(l))
		return -1;
	l->debit += amount;
	l->credit += amount;
	pthread_mutex_unlock(&l->lock);
	return 0;
}

static void clerk(struct ledger *l, int number)
{
	for (int i = 0; i < BOOKINGS; i++)
		if (book(l, 10 * number + i))
			_exit(1);
	_exit(0);
}

int main(void)
{
	pthread_mutexattr_t attr;
	struct ledger *l;
	int status, bad = 0;

	l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l == MAP_FAILED) {
		perror("ledger");
		return 1;
	}
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
#ifdef REPAIRED
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
#endif
	pthread_mutex_init(&l->lock, &attr);
	for (int i = 0; i < CLERKS; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("ledger: fork");
			bad = 1;
		}
		if (pid == 0)
			clerk(l, i);
	}
	for (;;) {
		pid_t pid = wait(&status);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			fprintf(stderr, "ledger: a clerk did not finish\n");
			bad = 1;
		}
	}
	if (enter(l))
		return 1;
	printf("debit %ld, credit %ld\n", l->debit, l->credit);
	pthread_mutex_unlock(&l->lock);
	return bad;
}
