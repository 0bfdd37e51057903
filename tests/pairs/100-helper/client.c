/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int s;

static void put(const char *p)
{
	size_t n = strlen(p);
	while (n) {
		ssize_t w = send(s, p, n, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			perror("spell: send");
			exit(1);
		}
		p += w;
		n -= w;
	}
}

/* a line, or "" at the end */
static void get(char *b, size_t size)
{
	size_t o = 0;
	while (o < size - 1) {
		ssize_t n = recv(s, b + o, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			perror("spell: recv");
			exit(1);
		}
		if (n == 0 || b[o] == '\n')
			break;
		o++;
	}
	b[o] = 0;
}

int main(int argc, char **argv)
{
	static const char *const w[] = { "apple\n", "rhthm\n", "queue\n" };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval tv = { 3, 0 };
	char b[32];

	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (argc != 2 || s < 0)
		return 2;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	if (connect(s, (void *)&un, sizeof un)) {
		perror("spell: connect");
		return 1;
	}
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	for (int i = 0; i < 3; i++) {
		put(w[i]);
		get(b, sizeof b);
		if (!*b) {
			fprintf(stderr, "spell: no answer\n");
			return 1;
		}
		printf("%.*s: %s\n", (int)strlen(w[i]) - 1, w[i], b);
	}
	put("QUIT\n");
	get(b, sizeof b);
	if (*b) {
		fprintf(stderr, "spell: what is '%s'?\n", b);
		return 1;
	}
	puts("bye");
	close(s);
	return 0;
}
