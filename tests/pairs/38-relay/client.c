/* SPDX-License-Identifier: MIT */
/* client PORT: sends a text, ends its half of the connection, reads the answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct timeval tv = { 1, 0 };
	static char text[20000], back[20000];
	size_t off = 0, n = 0;
	unsigned sum = 0;
	int fd;

	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 50 == 49 ? '\n' : 'a' + i * 11 % 23;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((unsigned short)atoi(argv[1]));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof in) < 0) {
		perror("client: connect");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	while (off < sizeof text) {
		size_t piece = sizeof text - off < 3000 ? sizeof text - off : 3000;
		ssize_t k = write(fd, text + off, piece);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			perror("client: write");
			return 1;
		}
		off += k;
	}
	if (shutdown(fd, SHUT_WR) < 0) {
		perror("client: shutdown");
		return 1;
	}
	for (;;) {
		ssize_t k;
		if (n == sizeof back) {
			char one;
			k = read(fd, &one, 1);
			if (k > 0) {
				fprintf(stderr, "client: too much comes back\n");
				return 1;
			}
		} else
			k = read(fd, back + n, sizeof back - n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			perror("client: read");
			return 1;
		}
		if (k == 0)
			break;
		n += k;
	}
	for (size_t i = 0; i < n; i++)
		sum = sum * 33 + (unsigned char)back[i];
	printf("%zu bytes, sum %u\n", n, sum);
	if (n != sizeof text) {
		fprintf(stderr, "client: the answer is too short\n");
		return 1;
	}
	return 0;
}
