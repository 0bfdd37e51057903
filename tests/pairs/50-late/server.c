/* SPDX-License-Identifier: MIT */
/* doubles numbers; an answer begins with the number that it answers */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
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

static void talk(int fd)
{
	int pair[2];
	ssize_t n;

	while ((n = recv(fd, pair, sizeof pair[0], 0)) == sizeof pair[0] || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		pair[1] = 2 * pair[0];
		if (send(fd, pair, sizeof pair, MSG_NOSIGNAL) < 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sigaction act = { .sa_handler = quit };
	int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);

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
