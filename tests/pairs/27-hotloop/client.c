/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char text[64];
	size_t n = 0;
	ssize_t r;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((unsigned short)atoi(argv[1]));
	if (connect(s, (struct sockaddr *)&to, sizeof(to))) {
		perror("connect");
		return 1;
	}
	while ((r = recv(s, text + n, sizeof(text) - 1 - n, 0)) > 0)
		n += (size_t)r;
	text[n] = '\0';
	if (strncmp(text, "you are number ", 15) != 0 || text[n - 1] != '\n') {
		fprintf(stderr, "no number\n");
		return 1;
	}
	puts("got a number");
	return 0;
}
