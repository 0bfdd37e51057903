/* SPDX-License-Identifier: MIT */
/* fortune client with a timeout for everything, the connect included */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long deadline;

static long now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void fatal(const char *what)
{
	fprintf(stderr, "fortune: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wait_for(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };
	long left;

	for (;;) {
		left = deadline - now();
		if (left <= 0) {
			errno = ETIMEDOUT;
			fatal("server");
		}
		int r = poll(&p, 1, left);
		if (r > 0)
			return;
		if (r < 0 && errno != EINTR)
			fatal("poll");
	}
}

static int dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), err = 0;
	socklen_t len = sizeof err;

	if (fd < 0)
		fatal("socket");
	strncpy(a.sun_path, path, sizeof a.sun_path - 1);
#ifndef REPAIRED
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		if (errno != EINPROGRESS && errno != EAGAIN)
			fatal("connect");
		wait_for(fd, POLLOUT);
	}
#else
	while (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		if (errno == EINPROGRESS) {
			wait_for(fd, POLLOUT);
			break;
		}
		/* EAGAIN: no room in the backlog. Nothing is in progress; ask again. */
		if (errno != EAGAIN || now() > deadline)
			fatal("connect");
		poll(NULL, 0, 10);
	}
#endif
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err) {
		errno = err ? err : errno;
		fatal("connect");
	}
	return fd;
}

static void ask(const char *path, unsigned char which)
{
	char buf[100];
	size_t n = 0;
	ssize_t k;
	int fd;

	deadline = now() + 3000;
	fd = dial(path);
	for (;;) {
		wait_for(fd, POLLOUT);
		k = send(fd, &which, 1, MSG_NOSIGNAL);
		if (k == 1)
			break;
		if (errno != EAGAIN && errno != EINTR)
			fatal("send");
	}
	for (;;) {
		wait_for(fd, POLLIN);
		k = recv(fd, buf + n, sizeof buf - n, 0);
		if (k < 0 && errno != EAGAIN && errno != EINTR)
			fatal("recv");
		if (k == 0)
			break;
		if (k > 0)
			n += k;
	}
	if (!n || buf[n - 1] != '\n') {
		fprintf(stderr, "fortune: half an answer\n");
		exit(1);
	}
	printf("%.*s", (int)n, buf);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (int i = 0; i < 3; i++)
		ask(argv[1], i);
	return 0;
}
