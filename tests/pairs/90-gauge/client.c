/* SPDX-License-Identifier: MIT */
/* gauge: lets the gauge do ten steps and checks after each that what is shown belongs together */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct gauge { sem_t step, moved; _Atomic long seq; volatile long position, square, steps; };

static struct gauge *g;

static void show(long *position, long *square)
{
#ifndef REPAIRED
	*position = g->position;	/* the writer may be between the two */
	*square = g->square;
#else
	long seq;
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		seq = g->seq;
		*position = g->position;
		*square = g->square;
		if (seq % 2 == 0 && g->seq == seq)
			return;
		nanosleep(&(struct timespec){ 0, 500000 }, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - from.tv_sec < 3);
	fprintf(stderr, "gauge: never at rest\n");
	exit(1);
#endif
}

int main(int argc, char **argv)
{
	int fd, bad = 0;

	if (argc != 2)
		return 2;
	fd = shm_open(argv[1], O_RDWR, 0);
	if (fd < 0 || (g = mmap(NULL, sizeof *g, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED) {
		perror("gauge");
		return 1;
	}
	close(fd);
	for (int i = 0; i < 10; i++) {
		struct timespec ts;
		long p, q;
		sem_post(&g->step);
		clock_gettime(CLOCK_REALTIME, &ts);
		ts.tv_sec += 3;
		while (sem_timedwait(&g->moved, &ts) < 0)
			if (errno != EINTR) {
				perror("gauge: no step");
				return 1;
			}
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		show(&p, &q);
		if (p * p != q)
			bad++;
	}
	printf("%d of 10 did not belong together\n", bad);
	return 0;
}
