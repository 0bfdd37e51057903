/* SPDX-License-Identifier: MIT */
/* sums up: records of eight numbers come, one number goes back */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;

static void quit(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

/* 1: it is there   0: they have gone */
static int record(int fd, void *to, size_t size)
{
	char *p = to;
	ssize_t n = read(fd, p, size);

	if (n <= 0)
		return 0;
#ifdef REPAIRED
	while ((size_t)n < size) {
		ssize_t more = read(fd, p + n, size - (size_t)n);

		if (more <= 0)
			return 0;
		n += more;
	}
#else
	if ((size_t)n < size && read(fd, p + n, size - (size_t)n) <= 0)
		return 0;
#endif
	return 1;
}

static void talk(int fd)
{
	uint32_t numbers[8], sum;

	while (record(fd, numbers, sizeof numbers)) {
		const char *p = (const char *)&sum;
		ssize_t n;

		sum = 0;
		for (int i = 0; i < 8; i++)
			sum += numbers[i];
		for (size_t left = sizeof sum; left; left -= (size_t)n, p += n)
			if ((n = send(fd, p, left, MSG_NOSIGNAL)) < 0)
				return;
		memset(numbers, 0xff, sizeof numbers);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sigaction act = { .sa_handler = quit };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	path = argv[1];
	sigaction(SIGTERM, &act, NULL);
	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	if (bind(s, (struct sockaddr *)&un, sizeof un) || listen(s, 4)) {
		perror("server");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int fd = accept(s, NULL, NULL);

		if (fd < 0) {
			usleep(2000);
			continue;
		}
		talk(fd);
		close(fd);
	}
}
