/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOKENS 2
#define MAKES 3
#define JOBS 3

static int job_fds[2];

static void die(const char *what)
{
	fprintf(stderr, "make: *** %s: %s.  Stop.\n", what, strerror(errno));
	_exit(2);
}

static char jobserver_acquire(void)
{
	char token;

	for (;;) {
		struct pollfd p = { job_fds[0], POLLIN, 0 };
		ssize_t r;

		if (poll(&p, 1, 3000) < 0 && errno != EINTR)
			die("poll jobs pipe");
		r = read(job_fds[0], &token, 1);
		if (r == 1)
			return token;
		if (r == 0)
			die("jobs pipe closed");
#ifndef REPAIRED
		if (errno != EINTR)
			die("read jobs pipe");
#else
		if (errno != EINTR && errno != EAGAIN)
			die("read jobs pipe");
#endif
	}
}

static void jobserver_release(char token)
{
	while (write(job_fds[1], &token, 1) != 1)
		if (errno != EINTR && errno != EAGAIN)
			die("write jobs pipe");
}

int main(void)
{
	int *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int st, bad = 0, n = 0;

	if (done == MAP_FAILED || pipe2(job_fds, O_NONBLOCK) < 0) {
		perror("make");
		return 2;
	}
	for (int i = 0; i < TOKENS; i++)
		jobserver_release('+');
	for (; n < MAKES; n++) {
		pid_t p = fork();
		if (p == 0) {
			for (int j = 0; j < JOBS; j++) {
				char t = jobserver_acquire();
				usleep(1000);
				__atomic_add_fetch(done, 1, __ATOMIC_RELAXED);
				jobserver_release(t);
			}
			_exit(0);
		}
		if (p < 0)
			break;
	}
	for (int i = 0; i < n; i++) {
		while (wait(&st) < 0 && errno == EINTR)
			;
		bad |= st;
	}
	if (bad || n < MAKES) {
		fprintf(stderr, "make: *** a sub-make failed\n");
		return 2;
	}
	printf("%d jobs done\n", *done);
	return 0;
}
