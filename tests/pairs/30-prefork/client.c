/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* times: a few products from timesd; one connection for every product */

static int die(const char *s)
{
	if (errno)
		perror(s);
	else
		fprintf(stderr, "%s\n", s);
	exit(1);
}

static void product(struct sockaddr_in *a, int x, int y)
{
	struct timeval tv = { 1, 0 };
	char buf[64];
	int s = socket(AF_INET, SOCK_STREAM, 0), n, have = 0;

	if (s < 0)
		die("times: socket");
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	if (connect(s, (struct sockaddr *)a, sizeof *a) < 0)
		die("times: connect");
	n = snprintf(buf, sizeof buf, "%d %d\n", x, y);
	for (int off = 0; off < n;) {
		int w = send(s, buf + off, n - off, MSG_NOSIGNAL);
		if (w < 0 && errno != EINTR)
			die("times: send");
		if (w > 0)
			off += w;
	}
	do {
		errno = 0;
		n = recv(s, buf + have, sizeof buf - have, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("times: server is gone");
		have += n;
	} while (!memchr(buf, '\n', have));
	printf("%d * %d = %.*s", x, y, have, buf);
	close(s);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	if (argc != 2)
		return 2;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(argv[1]));
	for (int i = 1; i <= 5; i++)
		product(&a, i, i + 10);
	return 0;
}
