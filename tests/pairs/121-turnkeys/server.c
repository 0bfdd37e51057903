/* SPDX-License-Identifier: MIT */
/*
 * turnkeys PORT: a process of its own for each visitor, who is told the rules. SIGTERM ends it, and so does SIGUSR1,
 * which the children take over: whoever is told so leaves at once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char rules[] = "knock before you enter\nlock after you leave\n";

static void leave(int sig)
{
	(void)sig;
	_exit(0);
}

static int open_port(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fd, 16)) {
		perror("turnkeys");
		exit(1);
	}
	return fd;
}

static void tell(int fd)
{
	const char *from = rules;
	size_t left = strlen(rules);

	while (left) {
		ssize_t n = send(fd, from, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(1);
#ifdef REPAIRED
		from += n;
		left -= (size_t)n;
#else
		left = 0;
#endif
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = leave };
	int door;

	if (argc != 2)
		return 2;
	signal(SIGCHLD, SIG_IGN);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	door = open_port(atoi(argv[1]));
	puts("listening");
	fflush(stdout);
	for (;;) {
		int fd = accept(door, NULL, NULL);
		if (fd < 0) {
			usleep(5000);
			continue;
		}
		if (fork() == 0)
			tell(fd);
		close(fd);
	}
}
