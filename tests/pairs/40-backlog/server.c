/* SPDX-License-Identifier: MIT */
/* fortune server: says something to everybody who asks, one connection at a time */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const says[] = { "Look before you leap.\n", "Haste makes waste.\n", "All is well.\n" };
static struct sockaddr_un at = { .sun_family = AF_UNIX };

static void down(int sig)
{
	(void)sig;
	unlink(at.sun_path);
	_exit(0);
}

static void talk(int fd)
{
	struct timeval tv = { 1, 0 };
	unsigned char which;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	while ((n = read(fd, &which, 1)) < 0 && errno == EINTR)
		;
	if (n != 1)
		return;
	const char *p = says[which % 3];
	for (size_t left = strlen(p); left;) {
		n = send(fd, p, left, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		p += n;
		left -= n;
	}
}

int main(int argc, char **argv)
{
	int l;

	if (argc != 2)
		return 2;
	strncpy(at.sun_path, argv[1], sizeof at.sun_path - 1);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l < 0 || bind(l, (struct sockaddr *)&at, sizeof at) < 0 || listen(l, 1) < 0) {
		perror("fortune");
		return 1;
	}
	signal(SIGTERM, down);
	puts("open");
	fflush(stdout);
	for (;;) {
		int fd = accept(l, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				usleep(10000);
			continue;
		}
		talk(fd);
		close(fd);
	}
}
