/* SPDX-License-Identifier: MIT */
/* drain PORT: squares what it is sent, a number a line. Non-blocking; what cannot be sent yet is kept for later. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NCONN 12

struct conn {
	int fd, eof;
	size_t nin, nout;
	char in[128], out[2048];
} conns[NCONN];

static void
onterm(int sig)
{
	(void)sig;
	_exit(0);
}

static void
cclose(struct conn *c)
{
	close(c->fd);
	memset(c, 0, sizeof *c);
}

static int
cwrite(struct conn *c)
{
	ssize_t n = send(c->fd, c->out, c->nout, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	c->nout -= (size_t)n;
	memmove(c->out, c->out + n, c->nout);
	return 0;
}

static int
cread(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->nin, sizeof c->in - c->nin, 0);
	char *nl;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0) {
		/* the other side has no more questions */
#ifdef REPAIRED
		c->eof = 1;
		return c->nout ? 0 : -1;
#else
		return -1;
#endif
	}
	c->nin += (size_t)n;
	while ((nl = memchr(c->in, '\n', c->nin)) != NULL) {
		long v = strtol(c->in, NULL, 10);

		c->nout += (size_t)snprintf(c->out + c->nout, sizeof c->out - c->nout, "%ld\n", v * v);
		c->nin -= (size_t)(nl + 1 - c->in);
		memmove(c->in, nl + 1, c->nin);
	}
	return c->nin == sizeof c->in || c->nout > sizeof c->out - 64 ? -1 : 0;
}

static void
cevent(struct conn *c, short ev)
{
	if (!c->eof && ev & (POLLIN | POLLHUP | POLLERR) && cread(c) < 0) {
		cclose(c);
		return;
	}
	if (c->nout && cwrite(c) < 0) {
		cclose(c);
		return;
	}
	if (c->eof && !c->nout)
		cclose(c);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int l, on = 1;

	if (argc != 2)
		return 2;
	signal(SIGTERM, onterm);
	sin.sin_port = htons((in_port_t)atoi(argv[1]));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((l = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		return perror("socket"), 1;
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(l, (struct sockaddr *)&sin, sizeof sin) < 0 || listen(l, 5) < 0)
		return perror("listen"), 1;
	puts("listening");
	fflush(stdout);
	for (;;) {
		struct pollfd p[NCONN + 1] = { { .fd = l, .events = POLLIN } };
		int i, fd;

		for (i = 0; i < NCONN; i++)
			p[i + 1] = (struct pollfd){ conns[i].fd ? conns[i].fd : -1,
				(short)((conns[i].eof ? 0 : POLLIN) | (conns[i].nout ? POLLOUT : 0)), 0 };
		if (poll(p, NCONN + 1, -1) < 0)
			continue;
		for (i = 0; i < NCONN; i++)
			if (p[i + 1].revents)
				cevent(&conns[i], p[i + 1].revents);
		if (!(p[0].revents & POLLIN))
			continue;
		if ((fd = accept(l, NULL, NULL)) < 0) {
			if (errno == EMFILE || errno == ENFILE)
				poll(NULL, 0, 3);
			continue;
		}
		for (i = 0; i < NCONN && conns[i].fd; i++)
			;
		if (i == NCONN) {
			close(fd);
			continue;
		}
		fcntl(fd, F_SETFL, O_NONBLOCK);
		conns[i].fd = fd;
	}
}
