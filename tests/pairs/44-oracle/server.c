/* SPDX-License-Identifier: MIT */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* oracle: knows the length of any word. Unix datagrams, one word a datagram. */

static struct sockaddr_un here = { .sun_family = AF_UNIX };

static void terminate(int sig)
{
	unlink(here.sun_path);
	_exit(sig == SIGTERM ? 0 : 1);
}

struct question {
	unsigned number;
	char word[60];
};
struct answer {
	unsigned number;
	int length;
};

int main(int argc, char *argv[])
{
	int s;

	if (argc < 2)
		errx(2, "usage: oracle SOCKET");
	if (strlen(argv[1]) >= sizeof here.sun_path)
		errx(2, "name too long");
	strcpy(here.sun_path, argv[1]);

	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (s == -1)
		err(1, "socket");
	unlink(argv[1]);
	if (bind(s, (struct sockaddr *)&here, sizeof here) == -1)
		err(1, "bind %s", argv[1]);
	signal(SIGTERM, terminate);
	signal(SIGINT, terminate);
	printf("asking welcome\n");
	fflush(stdout);

	for (;;) {
		struct sockaddr_un who;
		socklen_t len = sizeof who;
		struct question q;
		struct answer a;
		ssize_t n;

		n = recvfrom(s, &q, sizeof q, 0, (struct sockaddr *)&who, &len);
		if (n == -1) {
			if (errno == EINTR)
				continue;
			warn("recvfrom");
			terminate(0);
		}
		if (n != sizeof q || len <= sizeof(sa_family_t))
			continue; /* no question, or nobody to tell */
		q.word[sizeof q.word - 1] = '\0';
		a.number = q.number;
		a.length = strlen(q.word);
		while (sendto(s, &a, sizeof a, MSG_DONTWAIT, (struct sockaddr *)&who, len) == -1) {
			if (errno == EINTR)
				continue;
#ifdef REPAIRED
			if (errno == ECONNREFUSED || errno == ENOENT || errno == EAGAIN || errno == ENOBUFS ||
				errno == ECONNRESET || errno == EPIPE || errno == ENOMEM)
				break; /* it will ask again, if it is there */
#endif
#ifndef REPAIRED
			if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
				break; /* it will ask again */
#endif
			warn("sendto");
			terminate(0);
		}
	}
}
