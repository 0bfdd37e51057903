/* SPDX-License-Identifier: MIT */
/*
 * halves: prints a heading, then hands each of two workers half of a table and prints what they say.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* 1: all of it, 0: end of file, -1: error */
static int read_full(int fd, void *buf, size_t len)
{
	char *p = buf;
	while (len) {
		ssize_t n = read(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		p += n;
		len -= (size_t)n;
	}
	return 1;
}

static int write_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void worker(int in, int out)
{
	int32_t v[10];
	int64_t sum = 0;

	int scratch = memfd_create("scratch", MFD_CLOEXEC);
	if (scratch < 0) {
		perror("halves: scratch file");
#ifdef REPAIRED
		_exit(1);
#else
		exit(1);
#endif
	}
	if (read_full(in, v, sizeof v) != 1) {
		fprintf(stderr, "halves: worker has no table\n");
#ifdef REPAIRED
		_exit(1);
#else
		exit(1);
#endif
	}
	for (int i = 0; i < 10; i++)
		sum += v[i];
	_exit(write_full(out, &sum, sizeof sum) < 0);
}

int main(void)
{
	int bad = 0;

	signal(SIGPIPE, SIG_IGN);
	printf("table of squares\n");
	for (int k = 0; k < 2; k++) {
		int a[2], b[2], st;
		int32_t v[10];
		int64_t sum;

		if (pipe(a) < 0) {
			perror("halves: pipe");
			bad = 1;
			break;
		}
		if (pipe(b) < 0) {
			perror("halves: pipe");
			close(a[0]);
			close(a[1]);
			bad = 1;
			break;
		}
		pid_t pid = fork();
		if (pid == 0) {
			close(a[1]);
			close(b[0]);
			worker(a[0], b[1]);
		}
		close(a[0]);
		close(b[1]);
		for (int i = 0; i < 10; i++)
			v[i] = (k * 10 + i) * (k * 10 + i);
		if (pid < 0 || write_full(a[1], v, sizeof v) < 0) {
			perror("halves: table");
			bad = 1;
		}
		close(a[1]);
		if (pid > 0 && read_full(b[0], &sum, sizeof sum) == 1)
			printf("half %d: %lld\n", k, (long long)sum);
		else {
			fprintf(stderr, "halves: half %d has no sum\n", k);
			bad = 1;
		}
		close(b[0]);
		if (pid > 0 && (waitpid(pid, &st, 0) < 0 || st))
			bad = 1;
	}
	return bad;
}
