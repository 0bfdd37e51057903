/* SPDX-License-Identifier: MIT */
/* board: pins some notes, lists them, takes them off again. The prefix is our own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int s;
static char in[4000];
static size_t have;

static void die(const char *why)
{
	fprintf(stderr, "board: %s\n", why);
	exit(1);
}

static void put(const char *fmt, long a, int b)
{
	char buf[100], *p = buf;
	int n = snprintf(buf, sizeof buf, fmt, a, b);

	while (n > 0) {
		ssize_t k = send(s, p, n, MSG_NOSIGNAL);
		if (k < 0 && errno != EINTR)
			die(strerror(errno));
		if (k > 0) {
			p += k;
			n -= k;
		}
	}
}

static char *get(void)
{
	static char line[sizeof in + 1];
	char *nl;

	while (!(nl = memchr(in, '\n', have))) {
		ssize_t k = recv(s, in + have, sizeof in - have, 0);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			die(k ? "no answer" : "server closed the connection");
		have += k;
	}
	memcpy(line, in, nl - in);
	line[nl - in] = 0;
	have -= nl + 1 - in;
	memmove(in, nl + 1, have);
	return line;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval tv = { 1, 0 };
	char own[40], *l;
	int n;

	if (argc != 2)
		return 2;
	strncpy(a.sun_path, argv[1], sizeof a.sun_path - 1);
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) < 0)
		die("socket");
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (connect(s, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	n = snprintf(own, sizeof own, "%ld/", (long)getpid());
	for (int i = 0; i < 5; i++) {
		put("+%ld/note %d\n", getpid(), i);
		if (strcmp(get(), "ok"))
			die("the board is full");
	}
	put("?%ld/\n", getpid(), 0);
	while (strcmp(l = get(), "."))
		puts(l + n);
	put("-%ld/\n", getpid(), 0);
	puts(get());
	return 0;
}
