/* SPDX-License-Identifier: MIT */
/* Runs a loop between two processes and times it. */
#include "tests/bench/loops.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

/* Messages before the receiver has to answer: 0 never, 1 always. */
static unsigned long loop_credit(const struct loop *loop, size_t size)
{
	if (loop->coalesces)
		return 1;
	if (!loop->loses)
		return 0;
	/* A datagram costs its receive buffer more than its bytes: beyond a few hundred, whole pages. */
	return size <= 256 ? 64 : size <= 8192 ? 12 : 1;
}

static int child_work(const struct loop *loop, struct ends *e, void *bytes, unsigned long n, unsigned long credit)
{
	for (unsigned long i = 1; i <= n; i++) {
		if (loop->receive(e, 1, bytes))
			return 1;
		if (((credit && i % credit == 0) || i == n) && loop->send(e, 1, bytes))
			return 1;
	}
	return 0;
}

/* Sends n messages and takes an answer to every `credit` of them and to the last. Seconds, or negative. */
static double loop_run(const struct loop *loop, size_t size, unsigned long n, unsigned long credit)
{
	struct ends e = { .fd = { { -1, -1 }, { -1, -1 } }, .size = loop->fixed ? loop->fixed : size };
	char *bytes = calloc(1, e.size + 64);
	double seconds = -1;
	int bad, status = 1;
	pid_t pid;

	if (!bytes || loop->open(&e)) {
		loop->close(&e);
		free(bytes);
		return -1;
	}
	e.pid[0] = getpid();
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(child_work(loop, &e, bytes + 32, n, credit));
	}
	e.pid[1] = pid;
	bad = pid < 0;

	uint64_t start = now_ns();

	for (unsigned long i = 1; !bad && i <= n; i++) {
		bad = loop->send(&e, 0, bytes + 32);
		if (!bad && ((credit && i % credit == 0) || i == n))
			bad = loop->receive(&e, 0, bytes + 32);
	}
	seconds = (double)(now_ns() - start) / 1e9;
	if (bad && pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0)
		waitpid(pid, &status, 0);
	loop->close(&e);
	free(bytes);
	return bad || status ? -1 : seconds;
}

double loop_round_trip(const struct loop *loop, size_t size, unsigned long n)
{
	double seconds = loop_run(loop, size, n, 1);

	return seconds < 0 ? -1 : seconds * 1e6 / (double)n;
}

double loop_one_way(const struct loop *loop, size_t size, unsigned long n)
{
	double seconds = loop_run(loop, size, n, loop_credit(loop, size));

	return seconds < 0 ? -1 : (double)n / seconds;
}
