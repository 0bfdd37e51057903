/* SPDX-License-Identifier: MIT */
/* gutterd LOG ACK: collects lines from the FIFO LOG, acknowledges each in ACK. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char **av;

static void stop(int s)
{
	(void)s;
	unlink(av[1]);
	unlink(av[2]);
	_exit(0);
}

static int reopen(const char *name, int flags)
{
	int fd;
	while ((fd = open(name, flags)) < 0 && errno == EINTR)
		;
	if (fd < 0) { perror("gutterd: open"); unlink(av[1]); unlink(av[2]); exit(1); }
	return fd;
}

int main(int argc, char **argv)
{
	char buf[1024], line[1100];
	size_t have = 0;
	int in, ack;

	if (argc != 3) { fprintf(stderr, "usage: gutterd LOG ACK\n"); return 2; }
	av = argv;
	if (mkfifo(argv[1], 0600) < 0 || mkfifo(argv[2], 0600) < 0) { perror("gutterd: mkfifo"); return 1; }
	signal(SIGTERM, stop);
	signal(SIGPIPE, SIG_IGN);
	ack = reopen(argv[2], O_RDWR | O_NONBLOCK);
#ifdef REPAIRED
	in = reopen(argv[1], O_RDWR);         /* a writer of our own: never EOF */
#endif
	puts("collecting");
	fflush(stdout);
#ifndef REPAIRED
	in = reopen(argv[1], O_RDONLY);
#endif
	for (;;) {
		char *nl;
		ssize_t n = read(in, buf + have, sizeof buf - have);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) { perror("gutterd: read"); stop(0); }
		if (n == 0) {
#ifndef REPAIRED
			close(in);
			in = reopen(argv[1], O_RDONLY);
#endif
			continue;
		}
		have += n;
		while ((nl = memchr(buf, '\n', have))) {
			int len = snprintf(line, sizeof line, "ok %.*s\n", (int)(nl - buf), buf);
			while (write(ack, line, len) < 0 && errno == EINTR)
				;
			have -= nl + 1 - buf;
			memmove(buf, nl + 1, have);
		}
		if (have == sizeof buf) have = 0;
	}
}
