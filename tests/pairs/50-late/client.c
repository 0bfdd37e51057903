/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_MS = 150, TRIES = 4 };

/* 1: *pair is an answer   0: not in time   -1: they have gone */
static int wait_answer(int s, int pair[2])
{
	struct pollfd p = { .fd = s, .events = POLLIN };
	int n;

	while ((n = poll(&p, 1, WAIT_MS)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return n;
	return recv(s, pair, 2 * sizeof pair[0], 0) == 2 * sizeof pair[0] ? 1 : -1;
}

/* Asked again when nothing comes in time. */
static int ask(int s, int number, int *answer)
{
	for (int tries = 0; tries < TRIES; tries++) {
		int pair[2], n;

		if (send(s, &number, sizeof number, MSG_NOSIGNAL) < 0)
			return -1;
		n = wait_answer(s, pair);
#ifdef REPAIRED
		while (n > 0 && pair[0] != number)
			n = wait_answer(s, pair);
#endif
		if (n < 0)
			return -1;
		if (n) {
			*answer = pair[1];
			return 0;
		}
	}
	errno = ETIMEDOUT;
	return -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0), answer;

	if (argc != 2 || s < 0)
		return 2;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	if (connect(s, (struct sockaddr *)&un, sizeof un)) {
		perror("client");
		return 1;
	}
	for (int i = 1; i <= 4; i++) {
		if (ask(s, i, &answer)) {
			fprintf(stderr, "client: no answer\n");
			return 1;
		}
		printf("%d\n", answer);
	}
	return 0;
}
