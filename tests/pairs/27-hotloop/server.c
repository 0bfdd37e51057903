/* SPDX-License-Identifier: MIT */
/* hotloop PORT: tells each client its number and hangs up. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t done;

static void finish(int sig)
{
	(void)sig;
	done = 1;
}

static int open_port(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((unsigned short)port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
		bind(fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fd, 16)) {
		perror("hotloop");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = finish };
	struct pollfd p = { .events = POLLIN };
	int number = 0;
#ifdef REPAIRED
	int spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
#endif

	if (argc != 2)
		return 2;
	sigaction(SIGTERM, &sa, NULL);
	p.fd = open_port(atoi(argv[1]));
	puts("listening");
	fflush(stdout);
	while (!done) {
		char text[32];
		int n, fd;

		if (poll(&p, 1, -1) < 0)
			continue;
		fd = accept(p.fd, NULL, NULL);
#ifdef REPAIRED
		if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
			/* nothing is left to serve it with: at least it is told so by the end of the connection */
			close(spare);
			fd = accept(p.fd, NULL, NULL);
			if (fd >= 0)
				close(fd);
			spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
			poll(NULL, 0, 5);
			continue;
		}
#endif
		if (fd < 0)
			continue;
		n = snprintf(text, sizeof(text), "you are number %d\n", ++number);
		for (ssize_t put, at = 0; at < n; at += put)
			if ((put = send(fd, text + at, (size_t)(n - at), MSG_NOSIGNAL)) < 0)
				break;
		close(fd);
	}
	return 0;
}
