/* SPDX-License-Identifier: MIT */
/* fifolog FIFO REPLY: counts the lines of those who write to a FIFO; "bye" ends a writer and is answered on REPLY. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *in_path, *out_path;

static void cleanup(int sig)
{
	(void)sig;
	unlink(in_path);
	unlink(out_path);
	_exit(0);
}

static void answer(unsigned lines)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%u lines\n", lines), fd;

	fd = open(out_path, O_WRONLY | O_NONBLOCK);
	if (fd < 0)
		return;			/* nobody wants to know */
	while (write(fd, text, (size_t)n) < 0 && (errno == EAGAIN || errno == EINTR))
		poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 100);
	close(fd);
}

/* 0: the writer said bye; -1: it ended without a word */
static int follow(int fd)
{
	char buf[256];
	size_t have = 0;
	unsigned lines = 0;
	int said_bye = 0;

	for (;;) {
		char *nl;
		ssize_t n = read(fd, buf + have, sizeof buf - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return said_bye ? 0 : -1;
		have += (size_t)n;
		while ((nl = memchr(buf, '\n', have)) != NULL) {
			size_t len = (size_t)(nl - buf) + 1;

			if (len == 4 && !memcmp(buf, "bye\n", 4)) {
				answer(lines);
				lines = 0;
				said_bye = 1;
			} else {
				lines++;
				said_bye = 0;
			}
			memmove(buf, buf + len, have - len);
			have -= len;
		}
		if (have == sizeof buf)
			have = 0;
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	in_path = argv[1];
	out_path = argv[2];
	signal(SIGTERM, cleanup);
	signal(SIGPIPE, SIG_IGN);
	if (mkfifo(in_path, 0600) || mkfifo(out_path, 0600)) {
		perror("fifolog");
		unlink(in_path);
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int r, fd = open(in_path, O_RDONLY);

		if (fd < 0) {
			if (errno == EINTR || errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				continue;
			break;
		}
		r = follow(fd);
		close(fd);
#ifndef REPAIRED
		if (r < 0)
			break;
#else
		if (r < 0)
			fprintf(stderr, "fifolog: a writer ended without a word\n");
#endif
	}
	unlink(in_path);
	unlink(out_path);
	return 1;
}
