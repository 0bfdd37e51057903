/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "frame.h"

int main(int argc, char **argv)
{
	static const char *const texts[] = { "a wooden shoe in the loom", "rhythm", "queueing" };
	struct sockaddr_in to = { .sin_family = AF_INET };
	char answer[64];
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((unsigned short)strtol(argv[1], NULL, 10));
	if (connect(s, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("connect");
		return 1;
	}
	for (int i = 0; i < 3; i++) {
		if (frame_put(s, texts[i], strlen(texts[i])) < 0 || frame_get(s, answer, sizeof(answer)) < 0) {
			fprintf(stderr, "no answer\n");
			return 1;
		}
		printf("%s: %s\n", texts[i], answer);
	}
	return 0;
}
