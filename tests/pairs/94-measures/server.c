/* SPDX-License-Identifier: MIT */
/*
 * measures: measures come in by DIR/in ("name value\n"); "report" makes it write a line to DIR/out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char in_path[128], out_path[128];
static int keep = -1;

static void bye(int s)
{
	(void)s;
	unlink(in_path);
	unlink(out_path);
	_exit(0);
}

static void say_ready(void)
{
	printf("listening\n");
	fflush(stdout);
}

static long sum;
static int count;

static void line(char *l)
{
	char name[32], out[64];
	long v;

	if (!strcmp(l, "begin")) {
		count = 0;
		sum = 0;
	} else if (!strcmp(l, "report")) {
		int n = snprintf(out, sizeof out, "%d measures, sum %ld\n", count, sum), fd;
		count = 0;
		sum = 0;
		fd = open(out_path, O_WRONLY | O_NONBLOCK);
		if (fd < 0)
			return;
		if (write(fd, out, (size_t)n) != n)
			perror("measures: report");
		close(fd);
	} else if (sscanf(l, "%31s %ld", name, &v) == 2) {
		count++;
		sum += v;
	}
}

int main(int argc, char **argv)
{
	char buf[512];
	size_t used = 0;
	int in = -1;

	if (argc != 2)
		return 2;
	snprintf(in_path, sizeof in_path, "%s/in", argv[1]);
	snprintf(out_path, sizeof out_path, "%s/out", argv[1]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, bye);
	unlink(in_path);
	unlink(out_path);
	if (mkfifo(in_path, 0600) < 0 || mkfifo(out_path, 0600) < 0 ||
		(in = open(in_path, O_RDONLY | O_NONBLOCK)) < 0 || fcntl(in, F_SETFL, 0) < 0) {
		perror("measures");
		unlink(in_path);
		unlink(out_path);
		return 1;
	}
#ifdef REPAIRED
	keep = open(in_path, O_WRONLY | O_CLOEXEC);
	if (keep < 0) {
		perror("measures: keep");
		raise(SIGTERM);
	}
#else
	(void)keep;
#endif
	say_ready();
	for (;;) {
		struct pollfd p = { in, POLLIN, 0 };
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			bye(0);
		if (!p.revents)
			continue;
		ssize_t n = read(in, buf + used, sizeof buf - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
#ifndef REPAIRED
		if (n == 0) {           /* all have gone: wait for the next */
			close(in);
			in = open(in_path, O_RDONLY);
			if (in >= 0)
				continue;
		}
#endif
		if (n <= 0) {
			fprintf(stderr, "measures: no more measures\n");
			bye(0);
		}
		used += (size_t)n;
		for (char *nl; (nl = memchr(buf, '\n', used));) {
			*nl = 0;
			line(buf);
			used -= (size_t)(nl + 1 - buf);
			memmove(buf, nl + 1, used);
		}
		if (used == sizeof buf - 1)
			used = 0;
	}
}
