/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t resized;
static void on_winch(int s) { resized = 1; }

static int dial(const struct sockaddr_in *a)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return -1;
#ifndef REPAIRED
	int r = 0;
	do
		r = connect(s, (const struct sockaddr *)a, sizeof *a);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		goto fail;
#else
	if (connect(s, (const struct sockaddr *)a, sizeof *a) < 0) {
		struct pollfd p = { s, POLLOUT, 0 };
		int e = 0, r;
		socklen_t l = sizeof e;

		if (errno != EINTR)
			goto fail;
		while ((r = poll(&p, 1, 3000)) < 0 && errno == EINTR)
			;
		if (r <= 0)
			goto fail;
		getsockopt(s, SOL_SOCKET, SO_ERROR, &e, &l);
		if (e) {
			errno = e;
			goto fail;
		}
	}
#endif
	return s;
fail:;
	int saved = errno;
	close(s);
	errno = saved;
	return -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
	struct sigaction sa = { .sa_handler = on_winch };
	struct timeval tv = { 3, 0 };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sigaction(SIGWINCH, &sa, NULL);
	for (int i = 0; i < 3; i++) {
		char b[64];
		size_t have = 0;
		int s = dial(&a);
		if (s < 0) {
			perror("connect");
			return 1;
		}
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
		for (size_t o = 0; o < 5; ) {
			ssize_t k = send(s, "hello" + o, 5 - o, MSG_NOSIGNAL);
			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0) {
				perror("send");
				return 1;
			}
			o += k;
		}
		while (have < 5) {
			ssize_t k = recv(s, b + have, sizeof b - have, 0);
			if (k < 0 && errno == EINTR)
				continue;
			if (k <= 0) {
				fprintf(stderr, "no echo\n");
				return 1;
			}
			have += k;
		}
		printf("%d: %.*s\n", i, (int)have, b);
		close(s);
	}
	return 0;
}
