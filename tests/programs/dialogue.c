/* SPDX-License-Identifier: MIT */
/*
 * A careful client for scenarios with programs that are not ours: says each line, waits for the answer to it, prints
 * it, and says so when an answer is not what was expected or does not come whole.
 *
 *   dialogue unix:PATH|tcp:PORT SAY EXPECT [SAY EXPECT]…       in either, \r and \n stand for themselves
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { LINE_MOST = 4096 };

static int complain(const char *what)
{
	fprintf(stderr, "dialogue: %s: %s\n", what, errno ? strerror(errno) : "the other side ended");
	return 1;
}

static size_t unescape(const char *from, char *to)
{
	size_t n = 0;

	for (; *from && n < LINE_MOST - 1; from++) {
		if (from[0] == '\\' && (from[1] == 'r' || from[1] == 'n'))
			to[n++] = *++from == 'r' ? '\r' : '\n';
		else
			to[n++] = *from;
	}
	to[n] = '\0';
	return n;
}

static int connect_to(const char *where)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int is_unix = strncmp(where, "unix:", 5) == 0, fd;

	if (is_unix)
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", where + 5);
	else
		in.sin_port = htons((uint16_t)strtoul(where + 4, NULL, 10));
	fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, is_unix ? (struct sockaddr *)&un : (struct sockaddr *)&in, is_unix ? sizeof(un) : sizeof(in))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0)
			return -1;
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Exactly n bytes. -1: an error, or with errno 0 an end before that. */
static int read_all(int fd, char *bytes, size_t n)
{
	while (n) {
		ssize_t done = read(fd, bytes, n);

		if (done <= 0) {
			errno = done ? errno : 0;
			return -1;
		}
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

int main(int argc, char **argv)
{
	char say[LINE_MOST], expect[LINE_MOST], got[LINE_MOST];
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 4 || argc % 2)
		return 2;
	fd = connect_to(argv[1]);
	if (fd < 0)
		return complain("connect");
	for (int i = 2; i < argc; i += 2) {
		size_t n_say = unescape(argv[i], say), n = unescape(argv[i + 1], expect);

		if (write_all(fd, say, n_say))
			return complain("write");
		if (read_all(fd, got, n))
			return complain("read");
		got[n] = '\0';
		printf("%s", got);
		if (memcmp(got, expect, n) != 0) {
			fprintf(stderr, "dialogue: not the answer that was expected\n");
			return 1;
		}
	}
	if (shutdown(fd, SHUT_WR) && errno != ENOTCONN)
		return complain("shutdown");
	if (read(fd, got, 1) > 0) {
		fprintf(stderr, "dialogue: more came than was asked for\n");
		return 1;
	}
	close(fd);
	return 0;
}
