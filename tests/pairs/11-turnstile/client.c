/* SPDX-License-Identifier: MIT */
/* visitor KEY: goes in and out three times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate.h"

#ifdef REPAIRED
#define FLAGS SEM_UNDO
#else
#define FLAGS 0
#endif

static int move(int sem, short by)
{
	struct sembuf op = { .sem_num = 0, .sem_op = by, .sem_flg = FLAGS };
	int r;

	while ((r = semop(sem, &op, 1)) < 0 && errno == EINTR)
		;
	return r;
}

int main(int argc, char **argv)
{
	key_t key = argc > 1 ? (key_t)atol(argv[1]) : 0;
	int shm = shmget(key, 0, 0), sem = semget(key, 0, 0), seen = 0;
	struct hall *hall = shmat(shm, NULL, 0);

	if (shm < 0 || sem < 0 || hall == (void *)-1) {
		perror("visitor: no hall");
		return 1;
	}
	for (int i = 0; i < 3; i++) {
		if (move(sem, -1)) {
			perror("visitor: semop");
			return 1;
		}
		hall->inside++;
		hall->visits++;
		seen += hall->visits > 0;
		hall->inside--;
		if (move(sem, 1)) {
			perror("visitor: semop");
			return 1;
		}
	}
	printf("was in %d times\n", seen);
	shmdt(hall);
	return 0;
}
