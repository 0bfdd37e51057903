/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARTS 4

static const char text[PARTS * 8 + 1] = "One two three four five six sev";

static ssize_t answer(int s, char *buf, size_t size)
{
	struct pollfd p = { .fd = s, .events = POLLIN };

	return poll(&p, 1, 100) > 0 ? recv(s, buf, size, MSG_DONTWAIT) : -1;
}

/* All parts, then the question; all over again if some did not arrive. */
static int transfer(int s, char *back, size_t size)
{
	ssize_t n;

	for (int tries = 0; tries < 5; tries++) {
		for (int i = 0; i < PARTS; i++) {
			char part[9] = { (char)(i + 1) };

			memcpy(part + 1, text + 8 * i, 8);
			if (send(s, part, sizeof(part), 0) < 0)
				perror("part: send");
		}
		if (send(s, "", 1, 0) < 0)
			continue;
		while ((n = answer(s, back, size)) >= 0)
			if (n == 1 + PARTS * 8 && back[0] == PARTS)
				return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char back[256], ok[8];
	int s = socket(AF_INET, SOCK_DGRAM, 0), tries = 0;

	if (argc != 2 || s < 0)
		return 2;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((unsigned short)atoi(argv[1]));
	if (connect(s, (struct sockaddr *)&to, sizeof(to))) {
		perror("connect");
		return 1;
	}
	do
		if (send(s, "nn", 2, 0) < 0)
			perror("send");
	while (answer(s, ok, sizeof(ok)) != 2 && ++tries < 5);
	while (answer(s, ok, sizeof(ok)) >= 0)
		;
	if (tries == 5 || transfer(s, back, sizeof(back))) {
		fprintf(stderr, "the text did not get through\n");
		return 1;
	}
	printf("%.*s\n", PARTS * 8, back + 1);
	return 0;
}
