/* SPDX-License-Identifier: MIT */
/* The ring of core/techniques/shm_ring.h itself, as it is shipped: one writer, one reader, messages one way. */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/techniques/shm_ring.h"
#include "tests/bench/bench.h"
#include "tests/bench/loops.h"

enum { CAPACITY = 1 << 20, BATCH = 64 };

/* The ring follows it. */
struct shipped {
	struct shm_bell items, room;
};

static struct shm_ring *ring_of(struct shipped *s)
{
	return (struct shm_ring *)(void *)(s + 1);
}

static void write_all(struct shipped *s, const void *message, size_t size, unsigned long n)
{
	struct shm_ring_end w = shm_ring_join(ring_of(s), CAPACITY, true);
	unsigned long sent = 0;

	while (sent < n) {
		void *to = shm_ring_reserve(&w, size);

		if (to) {
			memcpy(to, message, size);
			shm_ring_commit(&w, size);
			if (++sent % BATCH && sent < n)
				continue;
		}
		if (shm_ring_publish(&w))
			shm_bell_ring(&s->items);
		if (to)
			continue;
		shm_bell_set(&s->room);
		if (!shm_ring_reserve(&w, size))
			shm_bell_sleep(&s->room);
		shm_bell_clear(&s->room);
	}
}

/* The writer is woken when half of the ring is free: fewer switches. */
static void read_all(struct shipped *s, void *message, size_t size, unsigned long n)
{
	struct shm_ring_end r = shm_ring_join(ring_of(s), CAPACITY, false);

	for (unsigned long got = 0; got < n;) {
		uint64_t length;
		const void *from = shm_ring_peek(&r, &length);

		if (from) {
			memcpy(message, from, length < size ? length : size);
			shm_ring_release(&r, length);
			got++;
			if (r.mine - r.published < CAPACITY / 2)
				continue;
		}
		if (shm_ring_give_back(&r))
			shm_bell_ring(&s->room);
		if (from)
			continue;
		shm_bell_set(&s->items);
		if (!shm_ring_peek(&r, &length))
			shm_bell_sleep(&s->items);
		shm_bell_clear(&s->items);
	}
}

double shipped_ring_rate(size_t size, unsigned long n)
{
	static unsigned char message[65536];
	size_t room = sizeof(struct shipped) + shm_ring_size(CAPACITY);
	struct shipped *s = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t start;
	pid_t pid;
	int status;

	if (s == MAP_FAILED || size > sizeof message)
		return -1;
	/* Every page is touched before the clock runs. */
	memset(s, 0, room);
	start = now_ns();
	pid = fork();
	if (pid == 0) {
		write_all(s, message, size, n);
		_exit(0);
	}
	if (pid > 0)
		read_all(s, message, size, n);
	status = pid > 0 ? program_wait(pid) : -1;
	start = now_ns() - start;
	munmap(s, room);
	return status == 0 ? (double)n * 1e9 / (double)start : -1;
}
