/* SPDX-License-Identifier: MIT */
/* ask an interactive calculator questions, as expect(1) would */
#include <errno.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <poll.h>

static int calc(void)
{
	char line[128];
	long a, b;
	char op;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin)) {
		if (line[0] == 'q')
			return 0;
		if (sscanf(line, "%ld %c %ld", &a, &op, &b) != 3)
			printf("syntax?\n");
		else
			printf("= %ld\n", op == '+' ? a + b : op == '*' ? a * b : a - b);
	}
	return 1;
}

static char pending[512];
static size_t have;

/* one line of the child's, within 3 s */
static int get_line(int m, char *out)
{
	for (;;) {
		char *nl = memchr(pending, '\n', have);
		struct pollfd p = { m, POLLIN, 0 };
		ssize_t n;

		if (nl) {
			size_t len = nl - pending;
			memcpy(out, pending, len);
			out[len] = 0;
			have -= len + 1;
			memmove(pending, nl + 1, have);
			return 0;
		}
		n = poll(&p, 1, 3000);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		n = read(m, pending + have, sizeof pending - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
#ifndef REPAIRED
		memcpy(out, pending, n);
		out[n] = 0;
		out[strcspn(out, "\n")] = 0;
		return 0;
#else
		have += n;
#endif
	}
}

static int put_line(int m, const char *s)
{
	size_t n = strlen(s);
	while (n) {
		ssize_t k = write(m, s, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		s += k;
		n -= k;
	}
	return 0;
}

int main(void)
{
	static const char *q[] = { "2 + 2\n", "12 * 12\n", "1000 - 1\n", "x\n", "123456 * 1000\n" };
	struct termios t;
	char line[512];
	int m, st;
	pid_t pid;

	memset(&t, 0, sizeof t);
	cfmakeraw(&t);
	t.c_lflag |= ICANON;
	t.c_cc[VEOF] = 4;
	t.c_cc[VMIN] = 1;
	pid = forkpty(&m, NULL, &t, NULL);
	if (pid < 0) {
		perror("forkpty");
		return 1;
	}
	if (pid == 0)
		_exit(calc());
	for (size_t i = 0; i < sizeof q / sizeof *q; i++) {
		if (put_line(m, q[i]) || get_line(m, line)) {
			fprintf(stderr, "calculator: %s\n", errno ? strerror(errno) : "no answer");
			kill(pid, SIGKILL);
			while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
				;
			return 1;
		}
		printf("%.*s -> %s\n", (int)strlen(q[i]) - 1, q[i], line);
	}
	put_line(m, "q\n");
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	close(m);
	return !(WIFEXITED(st) && WEXITSTATUS(st) == 0);
}
