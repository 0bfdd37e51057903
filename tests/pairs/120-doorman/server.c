/* SPDX-License-Identifier: MIT */
/* doorman PORT: answers each line of its guests; when there is no chair left, the door stays shut until one goes. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GUESTS = 8 };

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
		perror("doorman");
		exit(1);
	}
	return fd;
}

/* What a guest says goes back to it; false: it has gone. */
static bool answer(int fd)
{
	char text[64];
	ssize_t n = recv(fd, text, sizeof(text), 0);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	for (ssize_t put, at = 0; at < n; at += put)
		if ((put = send(fd, text + at, (size_t)(n - at), MSG_NOSIGNAL)) < 0)
			return false;
	return true;
}

/* The first place is the door's; free places have -1, which poll() passes over. */
static void let_in(struct pollfd *places, int door, bool *shut)
{
	int fd = accept(door, NULL, NULL);

	if (fd < 0) {
#ifdef REPAIRED
		*shut = errno == EMFILE;
		if (errno == ENFILE)
			poll(NULL, 0, 5);
#endif
		return;
	}
	for (int i = 1; i <= GUESTS; i++)
		if (places[i].fd < 0) {
			places[i].fd = fd;
			return;
		}
	close(fd);
	*shut = false;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = finish };
	struct pollfd places[GUESTS + 1];
	bool shut = false;
	int door;

	if (argc != 2)
		return 2;
	sigaction(SIGTERM, &sa, NULL);
	door = open_port(atoi(argv[1]));
	for (int i = 0; i <= GUESTS; i++)
		places[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	puts("listening");
	fflush(stdout);
	while (!done) {
		places[0].fd = shut ? -1 : door;
		if (poll(places, GUESTS + 1, -1) < 0)
			continue;
		for (int i = 1; i <= GUESTS; i++)
			if (places[i].fd >= 0 && places[i].revents && !answer(places[i].fd)) {
				close(places[i].fd);
				places[i].fd = -1;
				shut = false;
			}
		if (!shut && places[0].revents)
			let_in(places, door, &shut);
	}
	return 0;
}
