/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int s, uint32_t id, uint32_t n, uint32_t *answer)
{
	uint32_t rq[2] = { htonl(id), htonl(n) }, an[2];

#ifdef REPAIRED
	for (int tries = 0; tries < 6; tries++) {
		if (send(s, rq, sizeof rq, 0) < 0)
			continue;
		while (recv(s, an, sizeof an, 0) == sizeof an)
			if (an[0] == rq[0]) {
				*answer = ntohl(an[1]);
				return 0;
			}
	}
	return -1;
#else
	if (send(s, rq, sizeof rq, 0) < 0)
		return -1;
	do
		if (recv(s, an, sizeof an, 0) < 0)
			return -1;
	while (an[0] != rq[0]);
	*answer = ntohl(an[1]);
	return 0;
#endif
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	uint32_t answer;

	if (argc < 2 || s < 0)
		return 2;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	if (connect(s, (void *)&to, sizeof to) < 0) {
		perror("connect");
		return 1;
	}
#ifdef REPAIRED
	struct timeval patience = { .tv_usec = 200000 };

	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
#endif
	for (uint32_t i = 1; i <= 3; i++) {
		if (ask(s, i, i * 10, &answer)) {
			perror("fib");
			return 1;
		}
		printf("fib(%u) = %u\n", i * 10, answer);
	}
	return 0;
}
