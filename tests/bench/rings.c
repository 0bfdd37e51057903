/* SPDX-License-Identifier: MIT */
/* A ring of slots in shared memory for one sender and one receiver; who has nothing to do sleeps on a futex. */
#include "tests/bench/loops.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINE = 64, BYTES = 1 << 20 };

struct ring {
	_Alignas(LINE) _Atomic uint32_t head;	/* slots taken out */
	_Atomic uint32_t sender_waits;
	_Alignas(LINE) _Atomic uint32_t tail;	/* slots put in */
	_Atomic uint32_t receiver_waits;
	_Alignas(LINE) uint32_t n_slots;	/* a power of two */
	_Alignas(LINE) unsigned char slots[];
};

/*
 * Sleeps until *word is no longer `seen`, or for nothing. It sleeps on `waits`, which the other side takes back before
 * it wakes: who slept on the word itself could do so with nobody knowing, its flag taken back for an earlier wait.
 */
static void word_wait(_Atomic uint32_t *word, uint32_t seen, _Atomic uint32_t *waits)
{
	atomic_store(waits, 1);
	if (atomic_load(word) == seen)
		syscall(SYS_futex, waits, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static void word_wake(_Atomic uint32_t *waits)
{
	if (atomic_load(waits) && atomic_exchange(waits, 0))
		syscall(SYS_futex, waits, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int ring_send(struct ends *e, int side, void *bytes)
{
	struct ring *r = e->ring[!side];
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed), head;

	while (tail - (head = atomic_load_explicit(&r->head, memory_order_acquire)) == r->n_slots)
		word_wait(&r->head, head, &r->sender_waits);
	memcpy(r->slots + (tail & (r->n_slots - 1)) * e->size, bytes, e->size);
	atomic_store(&r->tail, tail + 1);
	word_wake(&r->receiver_waits);
	return 0;
}

int ring_receive(struct ends *e, int side, void *bytes)
{
	struct ring *r = e->ring[side];
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed), tail;

	while ((tail = atomic_load_explicit(&r->tail, memory_order_acquire)) == head)
		word_wait(&r->tail, tail, &r->receiver_waits);
	memcpy(bytes, r->slots + (head & (r->n_slots - 1)) * e->size, e->size);
	atomic_store(&r->head, head + 1);
	/* A sender that found the ring full is woken when half of it is free: fewer switches. */
	if (tail - head <= r->n_slots / 2)
		word_wake(&r->sender_waits);
	return 0;
}

static size_t ring_room(struct ends *e)
{
	e->room = sizeof(struct ring) + BYTES + e->size;
	return e->room;
}

static void ring_begin(struct ends *e, int side)
{
	uint32_t n = 1;

	while (n * 2 * e->size <= BYTES && n < 4096)
		n *= 2;
	/* Every page is touched before the clock runs. */
	memset(e->ring[side], 0, e->room);
	e->ring[side]->n_slots = n;
}

int ring_open(struct ends *e, int (*make)(size_t room))
{
	for (int side = 0; side < 2; side++) {
		int fd = make(ring_room(e));
		void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, e->room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (fd >= 0)
			close(fd);
		if (memory == MAP_FAILED)
			return -1;
		e->ring[side] = memory;
		ring_begin(e, side);
	}
	return 0;
}

void ring_close(struct ends *e)
{
	for (int side = 0; side < 2; side++)
		if (e->ring[side])
			munmap(e->ring[side], e->room);
}
