/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(int fd, const char *line)
{
	size_t n = strlen(line), done = 0;
	char c = '\0';

	while (done < n) {
		ssize_t put = send(fd, line + done, n - done, MSG_NOSIGNAL);

		if (put < 0 && errno != EINTR)
			return -1;
		done += put > 0 ? (size_t)put : 0;
	}
	while (c != '\n') {
		ssize_t got = recv(fd, &c, 1, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		putchar(c);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const lines[] = { "one\n", "thirteen\n", "seven\n" };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd;

	if (argc != 2)
		return 2;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	in.sin_port = htons((uint16_t)atoi(argv[1]));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) < 0) {
		perror("connect");
		return 1;
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (ask(fd, lines[i])) {
			fprintf(stderr, "no answer\n");
			return 1;
		}
	}
	close(fd);
	return 0;
}
