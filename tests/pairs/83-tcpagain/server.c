/* SPDX-License-Identifier: MIT */
/* Tells the length of every line that it is sent, on a port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ending;

static void on_term(int sig)
{
	(void)sig;
	ending = 1;
}

static int master_open(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
#ifdef REPAIRED
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
#endif
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		return -1;
	return listen(fd, 8) < 0 ? -1 : fd;
}

static int answer(int fd, unsigned length)
{
	char text[16];
	size_t n = (size_t)snprintf(text, sizeof(text), "%u\n", length), done = 0;

	while (done < n) {
		ssize_t put = send(fd, text + done, n - done, MSG_NOSIGNAL);

		if (put < 0 && errno != EINTR)
			return -1;
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static void converse(int fd)
{
	unsigned length = 0;
	char bytes[64];

	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] != '\n') {
				length++;
				continue;
			}
			if (answer(fd, length))
				return;
			length = 0;
		}
	}
}

int main(int argc, char **argv)
{
	struct sigaction on = { .sa_handler = on_term };
	struct pollfd p = { .events = POLLIN };
	sigset_t blocked, before;

	if (argc != 2)
		return 2;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	sigaction(SIGTERM, &on, NULL);
	p.fd = master_open(atoi(argv[1]));
	if (p.fd < 0) {
		perror("server");
		return 1;
	}
	puts("open");
	fflush(stdout);
	while (!ending) {
		int fd;

		if (ppoll(&p, 1, NULL, &before) <= 0)
			continue;
		fd = accept(p.fd, NULL, NULL);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			usleep(2000);
		if (fd < 0)
			continue;
		converse(fd);
		close(fd);
	}
	return 0;
}
