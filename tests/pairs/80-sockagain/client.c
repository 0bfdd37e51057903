/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (argc != 2)
		return 2;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(sun.sun_path, argv[1], sizeof(sun.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
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
