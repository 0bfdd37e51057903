/* SPDX-License-Identifier: MIT */
/* guest PORT: says a line, and prints what comes back. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char line[] = "good evening\n";
	struct sockaddr_in sin = { .sin_family = AF_INET };
	char text[sizeof(line)] = "";
	size_t n = strlen(line);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 2)
		return 2;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)atoi(argv[1]));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		perror("guest");
		return 1;
	}
	for (size_t at = 0; at < n;) {
		ssize_t put = send(fd, line + at, n - at, MSG_NOSIGNAL);

		if (put < 0) {
			perror("guest");
			return 1;
		}
		at += (size_t)put;
	}
	for (size_t at = 0; at < n;) {
		ssize_t got = recv(fd, text + at, n - at, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			fprintf(stderr, "guest: no answer\n");
			return 1;
		}
		at += (size_t)got;
	}
	fputs(text, stdout);
	return 0;
}
