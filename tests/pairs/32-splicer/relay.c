/* SPDX-License-Identifier: MIT */
/* echo server that never copies: socket -> pipe -> socket with splice(2). Thread per client. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CHUNK 16384

static const char *name;

static void leave(int sig)
{
	(void)sig;
	unlink(name);
	_exit(0);
}

static ssize_t move(int from, int to, size_t n)
{
	ssize_t k;

	do
		k = splice(from, NULL, to, NULL, n, 0);
	while (k < 0 && errno == EINTR);
	return k;
}

static void *echo(void *arg)
{
	int fd = (intptr_t)arg, p[2];
	struct timeval tv = { 1, 0 };
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	if (pipe2(p, O_CLOEXEC) < 0) {
		perror("relay: pipe");
		close(fd);
		return NULL;
	}
	while ((n = move(fd, p[1], CHUNK)) > 0) {
#ifndef REPAIRED
		if (move(p[0], fd, n) <= 0)
			break;
#else
		while (n > 0) {
			ssize_t k = move(p[0], fd, n);
			if (k <= 0)
				goto out;
			n -= k;
		}
#endif
	}
#ifdef REPAIRED
out:
#endif
	close(p[0]);
	close(p[1]);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	pthread_attr_t detached;
	int l;

	if (argc != 2)
		return 2;
	name = argv[1];
	snprintf(a.sun_path, sizeof a.sun_path, "%s", name);
	if ((l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 || bind(l, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("relay");
		return 1;
	}
	if (listen(l, 10) < 0) {
		perror("relay: listen");
		unlink(name);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, leave);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	puts("echo up");
	fflush(stdout);
	for (;;) {
		int c = accept4(l, NULL, NULL, SOCK_CLOEXEC);
		pthread_t t;

		if (c < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				usleep(20000);
			continue;
		}
		if (pthread_create(&t, &detached, echo, (void *)(intptr_t)c))
			close(c);
	}
}
