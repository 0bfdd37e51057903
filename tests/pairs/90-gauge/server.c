/* SPDX-License-Identifier: MIT */
/* gauged: keeps a gauge in POSIX shared memory: position and its square belong together;
 * a step on each post of `step` */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct gauge { sem_t step, moved; _Atomic long seq; volatile long position, square, steps; };

static const char *name;

static void stop(int sig)
{
	(void)sig;
	shm_unlink(name);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct gauge *g;
	int fd;

	if (argc != 2)
		return 2;
	name = argv[1];
	fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
	if (fd < 0) {
		perror("gauged: shm_open");
		return 1;
	}
	if (ftruncate(fd, sizeof *g) < 0 ||
	    (g = mmap(NULL, sizeof *g, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED) {
		perror("gauged: mmap");
		shm_unlink(name);
		return 1;
	}
	close(fd);
	sem_init(&g->step, 1, 0);
	sem_init(&g->moved, 1, 0);
	signal(SIGTERM, stop);
	puts("ready");
	fflush(stdout);
	for (;;) {
		while (sem_wait(&g->step) < 0 && errno == EINTR)
			;
		g->seq++;		/* odd: being changed */
		g->position = (g->position + 7) % 1000;
		sem_post(&g->moved);
		g->square = g->position * g->position;
		g->steps++;
		g->seq++;
	}
}
