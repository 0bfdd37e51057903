/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void emit(const char *s)
{
	size_t n = strlen(s);
	while (n) {
		ssize_t k = write(1, s, n);
		if (k < 0 && errno == EINTR) continue;
		if (k < 0) _exit(1);
		s += k; n -= k;
	}
}

static void cgi(int ack)
{
	struct timespec t = { 0, 12000000 };
	char c;
	emit("Content-Type: text/plain\n\n");
	read(ack, &c, 1);
	emit("first half\n");
	read(ack, &c, 1);
	emit("second half\n");
	nanosleep(&t, NULL);
	_exit(0);
}

int main(void)
{
	int out[2], ack[2], st;

	signal(SIGPIPE, SIG_IGN);
	char body[4096];
	size_t have = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) || pipe2(ack, O_CLOEXEC)) {
		perror("pipe");
		return 1;
	}
	if ((pid = fork()) == 0) {
		dup2(out[1], 1);
		close(out[0]); close(out[1]); close(ack[1]);
		cgi(ack[0]);
	}
	close(out[1]);
	close(ack[0]);
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	for (;;) {
		struct pollfd p = { out[0], POLLIN, 0 };
		int r = poll(&p, 1, 3000);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			fprintf(stderr, "cgi: no output\n");
			break;
		}
#ifndef REPAIRED
		if (p.revents & (POLLHUP | POLLERR))
			break;
		if (!(p.revents & POLLIN))
			continue;
#endif
		ssize_t n = read(out[0], body + have, sizeof body - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += n;
		if (write(ack[1], "+", 1) < 0 && errno != EPIPE)
			perror("ack");
	}
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(st) || WEXITSTATUS(st)) {
		fprintf(stderr, "cgi: script failed\n");
		return 1;
	}
	fwrite(body, 1, have, stdout);
	return 0;
}
