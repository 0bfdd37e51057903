/* SPDX-License-Identifier: MIT */
/* answers every datagram with itself */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	in.sin_port = htons((unsigned short)atoi(argv[1]));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(s, (struct sockaddr *)&in, sizeof in)) {
		perror("server");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof from;
		char text[64];
		ssize_t n = recvfrom(s, text, sizeof text, 0, (struct sockaddr *)&from, &size);

		if (n >= 0)
			sendto(s, text, (size_t)n, 0, (struct sockaddr *)&from, size);
	}
}
