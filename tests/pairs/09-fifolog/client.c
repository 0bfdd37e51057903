/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const lines[] = { "disk 3 is warm\n", "fan 1 is slow\n", "all is well\n", "bye\n" };

int main(int argc, char **argv)
{
	struct pollfd p = { .events = POLLIN };
	char text[64];
	size_t have = 0;
	int fd, back;

	if (argc != 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	/* open first, so that the answer finds somebody */
	back = open(argv[2], O_RDONLY | O_NONBLOCK);
	if (back < 0) {
		perror("logger: open");
		return 1;
	}
	fd = open(argv[1], O_WRONLY);
	if (fd < 0) {
		perror("logger: open");
		return 1;
	}
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (write(fd, lines[i], strlen(lines[i])) < 0) {
			perror("logger: write");
			return 1;
		}
	p.fd = back;
	while (!memchr(text, '\n', have)) {
		ssize_t n;

		if (poll(&p, 1, 1500) == 0) {
			fprintf(stderr, "logger: no answer\n");
			return 1;
		}
		n = read(back, text + have, sizeof text - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0) {
			fprintf(stderr, "logger: no answer\n");
			return 1;
		}
		have += (size_t)n;
	}
	printf("%.*s", (int)have, text);
	return 0;
}
