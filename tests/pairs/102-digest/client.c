/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define RECORD (96 * 1024)

static unsigned char rec[RECORD];

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval tv = { 3, 0 };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	uint32_t x = 1;

	if (argc != 2 || s < 0)
		return 2;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	if (connect(s, (void *)&un, sizeof un)) {
		perror("digest: connect");
		return 1;
	}
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	for (int r = 0; r < 3; r++) {
		uint32_t d;
		size_t o;
		for (size_t i = 0; i < RECORD; i++) {
			x = x * 1664525 + 1013904223;
			rec[i] = x >> 24;
		}
		for (o = 0; o < RECORD;) {
			size_t part = RECORD - o > 8192 ? 8192 : RECORD - o;
			ssize_t n = send(s, rec + o, part, MSG_NOSIGNAL);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0) {
				perror("digest: send");
				return 1;
			}
			o += n;
		}
		for (o = 0; o < sizeof d;) {
			ssize_t n = recv(s, (char *)&d + o, sizeof d - o, 0);
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0) {
				fprintf(stderr, "digest: no answer\n");
				return 1;
			}
			o += n;
		}
		printf("record %d: %08x\n", r, d);
	}
	close(s);
	return 0;
}
