/* SPDX-License-Identifier: MIT */
/* measures: the client */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int visit_once(const char *path, int in)
{
	static const char *m[] = { "begin\n", "temp 21\n", "hum 44\n", "temp 23\n", "report\n" };
	char line[80];
	size_t used = 0;
	int out = open(path, O_WRONLY | O_NONBLOCK);

	if (out < 0) {
		perror("measures client: the server is not there");
		return -1;
	}
	for (int i = 0; i < 5; i++) {
		ssize_t n;
		do
			n = write(out, m[i], strlen(m[i]));
		while (n < 0 && errno == EINTR);
		if (n != (ssize_t)strlen(m[i])) {
			perror("measures client: write");
			close(out);
			return -1;
		}
	}
	while (!memchr(line, '\n', used)) {
		struct pollfd p = { in, POLLIN, 0 };
		int r = poll(&p, 1, 3000);
		if (r < 0 && errno == EINTR)
			continue;
		ssize_t n = r > 0 ? read(in, line + used, sizeof line - used) : 0;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0) {
			fprintf(stderr, "measures client: no report\n");
			close(out);
			return -1;
		}
		used += (size_t)n;
	}
	close(out);
	printf("%.*s", (int)used, line);
	return 0;
}

int main(int argc, char **argv)
{
	char path[128];

	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof path, "%s/out", argv[1]);
	int in = open(path, O_RDONLY | O_NONBLOCK), keep = in < 0 ? -1 : open(path, O_WRONLY | O_NONBLOCK);
	snprintf(path, sizeof path, "%s/in", argv[1]);
	if (keep < 0) {
		perror("measures client: open");
		return 1;
	}
	for (int visit = 0; visit < 3; visit++) {
		struct timespec ts = { 0, 10000000 };
		if (visit_once(path, in) < 0)
			return 1;
		nanosleep(&ts, NULL);
	}
	return 0;
}
