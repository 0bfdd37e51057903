/* SPDX-License-Identifier: MIT */
/* turnstile KEY: owns the hall, its segment and its semaphore. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gate.h"

static int shm = -1, sem = -1;

static void closing_time(int sig)
{
	(void)sig;
	shmctl(shm, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	_exit(0);
}

int main(int argc, char **argv)
{
	key_t key = argc > 1 ? (key_t)atol(argv[1]) : 0;

	shm = shmget(key, sizeof(struct hall), IPC_CREAT | IPC_EXCL | 0600);
	if (shm < 0) {
		perror("turnstile: shmget");
		return 1;
	}
	sem = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	if (sem < 0 || semctl(sem, 0, SETVAL, (union semun){ .val = 1 }) < 0) {
		perror("turnstile: semget");
		shmctl(shm, IPC_RMID, NULL);
		return 1;
	}
	signal(SIGTERM, closing_time);
	puts("listening");
	fflush(stdout);
	for (;;)
		pause();
}
