/* SPDX-License-Identifier: MIT */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ask: asks the oracle */

struct question {
	unsigned number;
	char word[60];
};
struct answer {
	unsigned number;
	int length;
};

static int ask(int s, unsigned number, const char *word)
{
	struct question q = { .number = number };
	struct answer a;

	strncpy(q.word, word, sizeof q.word - 1);
	for (int i = 0; i < 6; i++) {
		struct pollfd p = { .fd = s, .events = POLLIN };
		ssize_t n;

		if (send(s, &q, sizeof q, MSG_NOSIGNAL) == -1 && errno != EINTR && errno != ENOBUFS && errno != ENOMEM)
			err(1, "send");
		while (poll(&p, 1, 500) > 0) {
			n = recv(s, &a, sizeof a, MSG_DONTWAIT);
			if (n == sizeof a && a.number == number)
				return a.length;
			if (n == -1 && errno != EINTR && errno != EAGAIN)
				err(1, "recv");
		}
	}
	errx(1, "the oracle is silent");
}

int main(int argc, char *argv[])
{
	static const char *const words[] = { "sabot", "pipe", "semaphore", "", "datagram", "x" };
	struct sockaddr_un there = { .sun_family = AF_UNIX }, me = { .sun_family = AF_UNIX };
	int s;

	if (argc < 2)
		errx(2, "usage: ask SOCKET");
	strncpy(there.sun_path, argv[1], sizeof there.sun_path - 1);
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (s == -1)
		err(1, "socket");
	if (bind(s, (struct sockaddr *)&me, sizeof(sa_family_t)) == -1) /* autobind, see unix(7) */
		err(1, "bind");
	if (connect(s, (struct sockaddr *)&there, sizeof there) == -1)
		err(1, "connect");
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
		printf("%s: %d\n", words[i], ask(s, i + 1, words[i]));
	return 0;
}
