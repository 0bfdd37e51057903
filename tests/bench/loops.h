/* SPDX-License-Identifier: MIT */
/*
 * The baseline of the IPC bench: for each technique the smallest loop that moves a message, written by hand, without
 * headers, checks or names. What a reference implementation adds is told relative to it.
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
	size_t size;		/* bytes of a message */
};

struct loop {
	const char *name;
	size_t largest;		/* bytes a message may have; 0: no limit of its own */
	size_t fixed;		/* the technique carries so many bytes, whatever is asked; 0: any */
	int coalesces, loses;	/* needs an answer to every message; to every few */
	int (*open)(struct ends *e);	/* 0, or -1 with errno */
	/* Whole messages of e->size bytes; 0, or -1. */
	int (*send)(struct ends *e, int side, void *bytes);
	int (*receive)(struct ends *e, int side, void *bytes);
	void (*close)(struct ends *e);	/* in the parent, when the child is gone */
};

extern const struct loop loops[];
extern const size_t n_loops;

/* Microseconds of one round trip, mean of n; negative: it failed (errno). */
double loop_round_trip(const struct loop *loop, size_t size, unsigned long n);
/* Messages a second from parent to child, n of them; negative: it failed. */
double loop_one_way(const struct loop *loop, size_t size, unsigned long n);

/* Messages a second through core/techniques/shm_ring.h, from child to parent; negative: it failed. */
double shipped_ring_rate(size_t size, unsigned long n);

/* The techniques over shared memory; in rings.c. `make` returns a descriptor of `room` bytes of memory, or -1. */
int ring_open(struct ends *e, int (*make)(size_t room));
int ring_open_sysv(struct ends *e);
int ring_send(struct ends *e, int side, void *bytes);
int ring_receive(struct ends *e, int side, void *bytes);
void ring_close(struct ends *e);

#endif
