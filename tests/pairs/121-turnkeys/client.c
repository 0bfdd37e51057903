/* SPDX-License-Identifier: MIT */
/* visitor PORT: prints the two rules that it is told. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), lines = 0;
	char text[128];
	size_t n = 0;

	if (argc != 2)
		return 2;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)atoi(argv[1]));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		perror("visitor");
		return 1;
	}
	while (lines < 2) {
		ssize_t got = recv(fd, text + n, sizeof(text) - n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			fprintf(stderr, "visitor: not all the rules were told\n");
			return 1;
		}
		for (ssize_t i = 0; i < got; i++)
			lines += text[n + (size_t)i] == '\n';
		n += (size_t)got;
	}
	fwrite(text, 1, n, stdout);
	return 0;
}
