/* SPDX-License-Identifier: MIT */
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

/* What keeper and visitors share: a segment, and one semaphore that guards it. */
struct hall {
	int inside, visits;
};

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};
