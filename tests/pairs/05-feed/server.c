/* SPDX-License-Identifier: MIT */
/* feed PORT: sends every subscriber the numbered headlines it asks for. Non-blocking sockets, one poll loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX = 16, OUT = 4096 };

struct sub {
	int fd;
	char out[OUT];
	size_t len;
};

static struct sub subs[MAX];
static int n_subs;

static void bye(int sig)
{
	(void)sig;
	_exit(0);
}

static void drop(int i)
{
	close(subs[i].fd);
	subs[i] = subs[--n_subs];
}

/* -1: this subscriber is gone */
static int flush_out(struct sub *s)
{
	while (s->len) {
		ssize_t n = send(s->fd, s->out, s->len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
#ifdef REPAIRED
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;		/* POLLOUT tells when to go on */
#else
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			s->len = 0;
			return 0;
		}
#endif
		if (n < 0)
			return -1;
		s->len -= (size_t)n;
		memmove(s->out, s->out + n, s->len);
	}
	return 0;
}

static int take(struct sub *s)
{
	char ask[32];
	ssize_t n = recv(s->fd, ask, sizeof(ask), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	/* each byte asks for one headline */
	for (ssize_t i = 0; i < n && s->len + 64 < OUT; i++)
		s->len += (size_t)snprintf(s->out + s->len, OUT - s->len, "headline %d: %d things happened\n",
			ask[i], ask[i] * 37 % 101);
	return flush_out(s);
}

static void welcome(int master)
{
	int fd = accept(master, NULL, NULL);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			usleep(2000);
		return;
	}
	if (n_subs == MAX) {
		close(fd);
		return;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	subs[n_subs].fd = fd;
	subs[n_subs++].len = 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int master = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (argc != 2 || master < 0)
		return 2;
	signal(SIGTERM, bye);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)atoi(argv[1]));
	setsockopt(master, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(master, (struct sockaddr *)&at, sizeof(at)) || listen(master, 16)) {
		perror("feed");
		return 1;
	}
	fcntl(master, F_SETFL, O_NONBLOCK);
	puts("listening");
	fflush(stdout);
	for (;;) {
		struct pollfd p[MAX + 1] = { { .fd = master, .events = POLLIN } };
		int n = n_subs;

		for (int i = 0; i < n; i++)
			p[i + 1] = (struct pollfd){ .fd = subs[i].fd,
				.events = (short)(POLLIN | (subs[i].len ? POLLOUT : 0)) };
		if (poll(p, (nfds_t)n + 1, -1) < 0)
			continue;
		for (int i = n - 1; i >= 0; i--)
			if ((p[i + 1].revents & POLLOUT && flush_out(&subs[i])) ||
				(p[i + 1].revents & (POLLIN | POLLHUP | POLLERR) && take(&subs[i])))
				drop(i);
		if (p[0].revents)
			welcome(master);
	}
}
