/* SPDX-License-Identifier: MIT */
/* gutter LOG ACK: three times: open the FIFO, write one line, close, await the acknowledgement */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int await(int fd, const char *what)
{
	char got[256];
	size_t have = 0;
	long end = now() + 2000;

	while (have < sizeof got - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		long left = end - now();
		if (left <= 0) return -1;
		if (poll(&p, 1, (int)left) <= 0) continue;
		ssize_t n = read(fd, got + have, 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
		if (n < 0) return -1;
		if (n && got[have++] == '\n') {
			got[have] = 0;
			if (strcmp(got, what) == 0) return 0;
			have = 0;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	int ack, out;

	if (argc != 3) return 2;
	signal(SIGPIPE, SIG_IGN);
	ack = open(argv[2], O_RDWR | O_NONBLOCK);
	if (ack < 0) { perror("gutter: ack"); return 1; }
	for (int i = 0; i < 3; i++) {
		char line[80], want[90];
		int len = snprintf(line, sizeof line, "%d line %d\n", (int)getpid(), i);
		long end = now() + 2000;
		snprintf(want, sizeof want, "ok %s", line);
		while ((out = open(argv[1], O_WRONLY | O_NONBLOCK)) < 0) {
			struct timespec t = { 0, 2000000 };
			if ((errno != ENXIO && errno != EINTR) || now() > end) { perror("gutter: open"); return 1; }
			nanosleep(&t, NULL);
		}
		while (write(out, line, len) < 0)
			if (errno != EINTR) { perror("gutter: write"); return 1; }
		close(out);
		if (await(ack, want) < 0) { fprintf(stderr, "gutter: line %d was lost\n", i); return 1; }
		printf("line %d acknowledged\n", i);
		if (i < 2) {
			struct timespec t = { 0, 8000000 };
			nanosleep(&t, NULL);
		}
	}
	close(ack);
	return 0;
}
