/* SPDX-License-Identifier: MIT */
/*
 * Makes one kind of call N times and prints the nanoseconds of one: the program that the bench of recorded calls runs
 * plainly, under the injector and under others' tools. It knows of none of them.
 *
 *   target_calls eagain|pipe|unix-stream N [wall]
 *
 * Nothing here ever waits, so the time is that of the process (others on the CPU do not count), unless `wall` says that
 * somebody else works for these calls: a tracer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char bytes[64];

/* A read from an empty pipe that does not block. */
static int eagain_call(const int fds[2])
{
	return read(fds[0], bytes, sizeof bytes) == -1 && errno == EAGAIN;
}

static int transfer_call(const int fds[2])
{
	return write(fds[1], bytes, sizeof bytes) == sizeof bytes && read(fds[0], bytes, sizeof bytes) == sizeof bytes;
}

static clockid_t clock_used = CLOCK_PROCESS_CPUTIME_ID;

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(clock_used, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double calls_time(int (*call)(const int fds[2]), const int fds[2], long n)
{
	uint64_t start;

	for (long i = 0; i < n / 10; i++)
		if (!call(fds))
			return -1;
	start = clock_ns();
	for (long i = 0; i < n; i++)
		if (!call(fds))
			return -1;
	return (double)(clock_ns() - start) / (double)n;
}

int main(int argc, char **argv)
{
	long n = argc == 3 || argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	int fds[2];
	double ns;

	if (n < 10) {
		fputs("usage: target_calls eagain|pipe|unix-stream N [wall]\n", stderr);
		return 2;
	}
	if (argc == 4)
		clock_used = CLOCK_MONOTONIC;
	if (!strcmp(argv[1], "unix-stream") ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe2(fds, O_NONBLOCK))
		return 1;
	ns = calls_time(strcmp(argv[1], "eagain") ? transfer_call : eagain_call, fds, n);
	if (ns < 0)
		return 1;
	printf("%.2f\n", ns);
	return 0;
}
