/* SPDX-License-Identifier: MIT */
/* Counts primes with helpers that share a System V segment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPERS 3
#define EACH    400

static int is_prime(int n)
{
	for (int d = 2; d * d <= n; d++)
		if (n % d == 0)
			return 0;
	return n > 1;
}

static void helper(int *counts, int number)
{
	for (int n = number * EACH; n < (number + 1) * EACH; n++)
		counts[number] += is_prime(n);
	_exit(0);
}

static int wait_for_all(void)
{
	int status, bad = 0;

	for (;;) {
		if (wait(&status) >= 0)
			bad |= status;
		else if (errno != EINTR)
			return bad;
	}
}

int main(void)
{
	int id = shmget(IPC_PRIVATE, HELPERS * sizeof(int), IPC_CREAT | 0600), total = 0, bad;
	int *counts = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (counts == (void *)-1) {
		perror("primes: no memory to share");
		return 1;
	}
	memset(counts, 0, HELPERS * sizeof(int));
	for (int i = 0; i < HELPERS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			helper(counts, i);
		if (pid < 0) {
			perror("primes: fork");
			wait_for_all();
#ifdef REPAIRED
			shmctl(id, IPC_RMID, NULL);
#endif
			return 1;
		}
	}
	bad = wait_for_all();
	for (int i = 0; i < HELPERS; i++)
		total += counts[i];
	shmdt(counts);
	shmctl(id, IPC_RMID, NULL);
	printf("%d primes below %d\n", total, HELPERS * EACH);
	return bad != 0;
}
