/* SPDX-License-Identifier: MIT */
/* backend SOCKET: takes a text up to its end and gives it back in capitals. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un un = { .sun_family = AF_UNIX };

static void bye(int s)
{
	(void)s;
	unlink(un.sun_path);
	_exit(0);
}

static void serve(int fd)
{
	static char text[1 << 17];
	size_t n = 0, off = 0;
	struct timeval tv = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	for (;;) {
		ssize_t k = read(fd, text + n, sizeof text - n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return;
		if (k == 0)
			break;
		n += k;
	}
	for (size_t i = 0; i < n; i++)
		text[i] = toupper((unsigned char)text[i]);
	while (off < n) {
		ssize_t k = write(fd, text + off, n - off);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return;
		off += k;
	}
}

int main(int argc, char **argv)
{
	int l;

	if (argc != 2)
		return 2;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l < 0 || bind(l, (struct sockaddr *)&un, sizeof un) || listen(l, 8)) {
		perror("backend");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, bye);
	puts("up");
	fflush(stdout);
	for (;;) {
		int fd = accept(l, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(10000);
			continue;
		}
		serve(fd);
		close(fd);
	}
}
