/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval tv = { 1, 0 };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) < 0 ||
		connect(s, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("mux: connect");
		exit(1);
	}
	return s;
}

static void exchange(int s, const void *q, size_t nq, char *r, size_t nr)
{
	const char *p = q;
	size_t got = 0;

	while (nq) {
		ssize_t k = send(s, p, nq, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			perror("mux: send");
			exit(1);
		}
		p += k;
		nq -= k;
	}
	while (got < nr) {
		ssize_t k = recv(s, r + got, nr - got, 0);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			perror("mux: recv");
			exit(1);
		}
		if (k == 0)
			break;
		got += k;
	}
	if (got < nr)
		r[got] = 0;
	if (got == 0) {
		fprintf(stderr, "mux: no answer\n");
		exit(1);
	}
	close(s);
}

int main(int argc, char **argv)
{
	struct {
		char m[4];
		uint32_t a, b;
	} rq = { "BIN1", htonl(70000), htonl(1234) };
	char line[40];
	uint32_t sum = 0;

	if (argc != 2)
		return 2;
	exchange(dial(atoi(argv[1])), &rq, sizeof rq, (char *)&sum, 4);
	printf("binary: %u\n", ntohl(sum));
	exchange(dial(atoi(argv[1])), "17 25\n", 6, line, sizeof line);
	if (!strchr(line, '\n')) {
		fprintf(stderr, "mux: half an answer\n");
		return 1;
	}
	printf("text: %s", line);
	return 0;
}
