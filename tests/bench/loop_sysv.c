/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory with System V semaphores: for each way a ring of slots, and two semaphores that count the free
 * slots and the full ones. There is one writer and one reader, so neither needs a lock.
 */
#include "tests/bench/loops.h"

#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

enum { SLOTS = 8, ROOM = 0, ITEMS = 1, N_SEMAPHORES = 4 };

/* What lies in the segment of one way; the slots follow. Each side counts its own. */
struct way {
	unsigned long put, taken;
};

static struct way *way_of(struct ends *e, int side)
{
	return (struct way *)e->ring[side];
}

static unsigned char *slot_of(struct ends *e, int side, unsigned long n)
{
	return (unsigned char *)(way_of(e, side) + 1) + n % SLOTS * e->size;
}

static int count_change(struct ends *e, int side, int which, short change)
{
	struct sembuf operation = { .sem_num = (unsigned short)(2 * side + which), .sem_op = change };

	return semop(e->semaphores, &operation, 1);
}

static int made = -1;	/* semaphores outlive their maker: Ctrl-C removes them too */

static void abandon(int signal)
{
	semctl(made, 0, IPC_RMID);
	_exit(128 + signal);
}

/* The segments are removed at once: they live as long as somebody is attached. */
int sysv_shm_open(struct ends *e)
{
	signal(SIGINT, abandon);
	signal(SIGTERM, abandon);
	e->room = sizeof(struct way) + SLOTS * e->size;
	for (int side = 0; side < 2; side++) {
		int id = shmget(IPC_PRIVATE, e->room, IPC_CREAT | 0600);
		void *memory = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

		if (id >= 0)
			shmctl(id, IPC_RMID, NULL);
		if (memory == (void *)-1)
			return -1;
		/* Every page is touched before the clock runs. */
		e->ring[side] = memset(memory, 0, e->room);
	}
	made = e->semaphores = semget(IPC_PRIVATE, N_SEMAPHORES, IPC_CREAT | 0600);
	return e->semaphores < 0 || count_change(e, 0, ROOM, SLOTS) || count_change(e, 1, ROOM, SLOTS) ? -1 : 0;
}

int sysv_shm_send(struct ends *e, int side, void *bytes)
{
	if (count_change(e, !side, ROOM, -1))
		return -1;
	memcpy(slot_of(e, !side, way_of(e, !side)->put++), bytes, e->size);
	return count_change(e, !side, ITEMS, 1);
}

int sysv_shm_receive(struct ends *e, int side, void *bytes)
{
	if (count_change(e, side, ITEMS, -1))
		return -1;
	memcpy(bytes, slot_of(e, side, way_of(e, side)->taken++), e->size);
	return count_change(e, side, ROOM, 1);
}

void sysv_shm_close(struct ends *e)
{
	if (e->semaphores >= 0)
		semctl(e->semaphores, 0, IPC_RMID);
	for (int side = 0; side < 2; side++)
		if (e->ring[side])
			shmdt(e->ring[side]);
}
