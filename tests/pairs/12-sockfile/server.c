/* SPDX-License-Identifier: MIT */
/* A control socket and a wake-up descriptor for its poll loop; answers every byte with the next. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int wake = -1;

static void on_term(int sig)
{
	uint64_t one = 1;
	ssize_t n = write(wake, &one, sizeof(one));

	(void)sig;
	(void)n;
}

static int control_open(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(fd, 8) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void converse(int fd)
{
	unsigned char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		c++;
		while ((n = send(fd, &c, 1, MSG_NOSIGNAL)) < 0 && errno == EINTR)
			;
		if (n < 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct pollfd p[2];
	int control, fd;

	if (argc != 2)
		return 2;
	control = control_open(argv[1]);
	if (control < 0) {
		perror("control");
		return 1;
	}
	wake = eventfd(0, EFD_CLOEXEC);
	if (wake < 0) {
		perror("eventfd");
#ifdef REPAIRED
		unlink(argv[1]);
#endif
		return 1;
	}
	signal(SIGTERM, on_term);
	puts("listening");
	fflush(stdout);
	p[0] = (struct pollfd){ .fd = control, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = wake, .events = POLLIN };
	for (;;) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents)
			break;
		fd = accept(control, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		converse(fd);
		close(fd);
	}
	unlink(argv[1]);
	return 0;
}
