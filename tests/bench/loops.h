/* SPDX-License-Identifier: MIT */
/*
 * The baseline of the IPC bench: for each technique the smallest loop that does what a reference implementation has
 * to do, written by hand for two processes that know each other: no names, no deadlines, no other clients, no errors
 * but the end. The job is the same: make the numbered message of core/techniques/message.h, sum it up, move it; check
 * the number and the sum; an echo has the same payload under a header of its own. A *bare* loop moves as many bytes
 * with nothing in them: what the technique costs by itself.
 *
 * By technique: memory is a ring with a futex (posix-shm), or one slot with two System V semaphores (sysv-shm); with
 * memfd every message is a sealed memory of its own whose descriptor is passed. Signals and eventfd carry no message.
 */
#ifndef TESTS_BENCH_LOOPS_H
#define TESTS_BENCH_LOOPS_H

#include <stddef.h>
#include <sys/types.h>

struct ring;

/* Both directions of one loop, made before the fork. Side 0 is the parent, side 1 the child. */
struct ends {
	int fd[2][2];		/* fd[side]: { receives, sends } */
	struct ring *ring[2];	/* ring[side]: what this side receives from */
	size_t room;		/* bytes of the mapping of each ring */
	pid_t pid[2];
	size_t size;		/* bytes of a message, with its header */
	int semaphores;		/* System V: an id; -1 none */
};

struct loop {
	const char *name;
	size_t largest;		/* bytes a message may have; 0: no limit of its own */
	size_t fixed;		/* the technique carries so many bytes, whatever is asked; 0: any */
	int forks;		/* the reference server starts its clients itself */
	int coalesces, loses;	/* needs an answer to every message; to every few */
	int (*open)(struct ends *e);	/* 0, or -1 with errno */
	/* Whole messages of e->size bytes; 0, or -1. */
	int (*send)(struct ends *e, int side, void *bytes);
	int (*receive)(struct ends *e, int side, void *bytes);
	void (*close)(struct ends *e);	/* in the parent, when the child is gone */
};

extern const struct loop loops[];
extern const size_t n_loops;

/* Microseconds of one round trip of `size` bytes of payload, mean of n; negative: it failed (errno). */
double loop_round_trip(const struct loop *loop, size_t size, unsigned long n, int bare);
/* Messages a second from parent to child, n of them; negative: it failed. */
double loop_one_way(const struct loop *loop, size_t size, unsigned long n, int bare);

/* Messages a second through core/techniques/shm_ring.h, from child to parent; negative: it failed. */
double shipped_ring_rate(size_t size, unsigned long n);

/* memfd; in loop_memfd.c. */
int memfd_open(struct ends *e);
int memfd_send(struct ends *e, int side, void *bytes);
int memfd_receive(struct ends *e, int side, void *bytes);

/* sysv-shm; in loop_sysv.c. */
int sysv_shm_open(struct ends *e);
int sysv_shm_send(struct ends *e, int side, void *bytes);
int sysv_shm_receive(struct ends *e, int side, void *bytes);
void sysv_shm_close(struct ends *e);

/* posix-shm; in rings.c. `make` returns a descriptor of `room` bytes of memory, or -1. */
int ring_open(struct ends *e, int (*make)(size_t room));
int ring_send(struct ends *e, int side, void *bytes);
int ring_receive(struct ends *e, int side, void *bytes);
void ring_close(struct ends *e);

#endif
