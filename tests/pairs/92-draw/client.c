/* SPDX-License-Identifier: MIT */
/* render: gets three drawings and prints how many rows and bytes they have; the end of a drawing is the end of file */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int draw(const char *path, int n)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval tv = { 3, 0 };
	char buf[512];
	size_t bytes = 0, len = (size_t)snprintf(buf, sizeof buf, "%d\n", n), off = 0;
	int s = socket(AF_UNIX, SOCK_STREAM, 0), rows = 0;

	if (s < 0)
		return perror("render: socket"), -1;
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	while (connect(s, (void *)&sun, sizeof sun) < 0 && errno != EISCONN)
		if (errno != EINTR) {
			perror("render: connect");
			return close(s), -1;
		}
	while (off < len) {
		ssize_t w = send(s, buf + off, len - off, MSG_NOSIGNAL);
		if (w < 0 && errno != EINTR) {
			perror("render: send");
			return close(s), -1;
		}
		if (w > 0)
			off += (size_t)w;
	}
	for (;;) {
		ssize_t r = recv(s, buf, sizeof buf, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			perror("render: recv");
			return close(s), -1;
		}
		if (r == 0)
			break;
		bytes += (size_t)r;
		for (ssize_t i = 0; i < r; i++)
			rows += buf[i] == '\n';
	}
	close(s);
	if (rows == 0) {
		fprintf(stderr, "render: nothing came\n");
		return -1;
	}
	printf("%d rows, %zu bytes\n", rows, bytes);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return draw(argv[1], 5) < 0 || draw(argv[1], 64) < 0 || draw(argv[1], 17) < 0;
}
