/* SPDX-License-Identifier: MIT */
/*
 * muxd PORT: text and binary clients on the same port.
 *
 * A binary client begins with the four bytes "BIN1", then sends two u32 in
 * network order and gets their sum.  Everybody else talks text: "a b\n".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "BIN1"

static void on_term(int s)
{
	_exit(s != SIGTERM);
}

static ssize_t readn(int fd, void *buf, size_t n, char until)
{
	size_t got = 0;
	char *p = buf;

	while (got < n && !(until && got && p[got - 1] == until)) {
		ssize_t r = recv(fd, p + got, until ? 1 : n - got, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		got += r;
	}
	return got;
}

static int writen(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		p += r;
		n -= r;
	}
	return 0;
}

/* 1 binary, 0 text, -1 neither */
static int sniff(int fd)
{
	char m[4];
	ssize_t n;

#ifndef REPAIRED
	do
		n = recv(fd, m, sizeof m, MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -1;
	return n == sizeof m && !memcmp(m, MAGIC, 4);
#else
	for (int i = 0; i < 300; i++) {
		struct timespec ts = { 0, 10000000 };

		n = recv(fd, m, sizeof m, MSG_PEEK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		if (memcmp(m, MAGIC, n))
			return 0;
		if (n == sizeof m)
			return 1;
		nanosleep(&ts, NULL); /* the rest is on its way */
	}
	return -1;
#endif
}

static void binary(int fd)
{
	unsigned char magic[4];
	uint32_t v[2], sum;

	if (readn(fd, magic, 4, 0) != 4 || readn(fd, v, sizeof v, 0) != sizeof v)
		return;
	sum = htonl(ntohl(v[0]) + ntohl(v[1]));
	writen(fd, &sum, sizeof sum);
}

static void text(int fd)
{
	char line[64], out[32];
	unsigned a, b;
	ssize_t n = readn(fd, line, sizeof line - 1, '\n');

	if (n < 0)
		return;
	line[n] = 0;
	if (sscanf(line, "%u %u", &a, &b) == 2)
		snprintf(out, sizeof out, "%u\n", a + b);
	else
		snprintf(out, sizeof out, "syntax error\n");
	writen(fd, out, strlen(out));
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct timeval tv = { 1, 0 };
	int l, one = 1;

	if (argc != 2)
		return 2;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(argv[1]));
	l = socket(AF_INET, SOCK_STREAM, 0);
	if (l < 0 || setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
		bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 5)) {
		perror("muxd");
		return 1;
	}
	signal(SIGTERM, on_term);
	puts("listening");
	fflush(stdout);
	for (;;) {
		int fd = accept(l, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				usleep(10000);
			continue;
		}
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
		int kind = sniff(fd);
		if (kind == 1)
			binary(fd);
		else if (kind == 0)
			text(fd);
		close(fd);
	}
}
