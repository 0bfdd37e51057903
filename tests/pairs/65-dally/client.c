/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
static int s;
static int step(const unsigned char *p, size_t n, unsigned want)
{
	for (int tries = 0; tries < 8; tries++) {
		if (send(s, p, n, 0) < 0 && errno != EINTR && errno != ECONNREFUSED) break;
		for (;;) {
			unsigned char a[600];
			ssize_t k = recv(s, a, sizeof a, 0);
			if (k < 0 && errno == EINTR) continue;
			if (k < 0) break;
			if (k >= 4 && a[1] == 4 && (unsigned)(a[2] << 8 | a[3]) == want) return 0;
		}
	}
	fprintf(stderr, "put: no acknowledgement of block %u\n", want);
	return -1;
}
int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
	struct timeval tv = { 0, 60000 };
	unsigned char rq[] = "\0\2name\0octet", d[516] = { 0, 3 };
	size_t left = 1700;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || connect(s, (void *)&a, sizeof a)) { perror("put"); return 1; }
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (step(rq, sizeof rq, 0)) return 1;
	for (unsigned b = 1; ; b++) {
		size_t n = left < 512 ? left : 512;
		d[2] = b >> 8; d[3] = b;
		memset(d + 4, 'x', n);
		if (step(d, n + 4, b)) return 1;
		left -= n;
		if (n < 512) { printf("sent %u blocks\n", b); break; }
	}
	close(s);
	return 0;
}
