/* SPDX-License-Identifier: MIT */
/*
 * relay PORT SOCKET
 *
 * Connects everybody who comes to 127.0.0.1:PORT with the unix socket SOCKET.
 * Bytes go both ways, and so does the end of each direction.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAXPAIRS 16
#define BUFSZ 8192

typedef struct Dir {
	int from, to;
	char buf[BUFSZ];
	size_t start, end;
	bool eof; /* nothing more comes from `from` */
	bool shut; /* and `to` has been told */
} Dir;

typedef struct Pair {
	bool used;
	Dir d[2];
	time_t last;
} Pair;

static Pair pairs[MAXPAIRS];

static void onterm(int s)
{
	(void)s;
	_exit(0);
}

static int nonblock(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void drop(Pair *p)
{
	close(p->d[0].from);
	close(p->d[0].to);
	p->used = false;
}

/* false: this pair is over */
static bool pump_in(Dir *d)
{
	if (d->eof || d->end == BUFSZ)
		return true;
	ssize_t n = read(d->from, d->buf + d->end, BUFSZ - d->end);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		d->eof = true;
	d->end += n;
	return true;
}

static bool pump_out(Dir *d)
{
#ifndef REPAIRED
	if (d->eof && !d->shut) {
		shutdown(d->to, SHUT_WR);
		d->shut = true;
	}
#endif
	if (d->start < d->end) {
		ssize_t n = write(d->to, d->buf + d->start, d->end - d->start);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		d->start += n;
		if (d->start == d->end)
			d->start = d->end = 0;
	}
#ifdef REPAIRED
	if (d->eof && !d->shut && d->start == d->end) {
		shutdown(d->to, SHUT_WR);
		d->shut = true;
	}
#endif
	return true;
}

static void newcomer(int lfd, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int c = accept(lfd, NULL, NULL), b;
	Pair *p = NULL;

	if (c < 0) {
		if (errno == EMFILE || errno == ENFILE)
			poll(NULL, 0, 10);
		return;
	}
	for (int i = 0; i < MAXPAIRS && !p; i++)
		if (!pairs[i].used)
			p = &pairs[i];
	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	b = p ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;
	if (b < 0 || connect(b, (struct sockaddr *)&un, sizeof un) < 0 || nonblock(b) < 0 || nonblock(c) < 0) {
		fprintf(stderr, "relay: cannot connect: %s\n", strerror(errno));
		if (b >= 0)
			close(b);
		close(c);
		return;
	}
	memset(p, 0, sizeof *p);
	p->used = true;
	p->d[0].from = p->d[1].to = c;
	p->d[0].to = p->d[1].from = b;
	p->last = time(NULL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int lfd, one = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: relay PORT SOCKET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, onterm);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((unsigned short)atoi(argv[1]));
	lfd = socket(AF_INET, SOCK_STREAM, 0);
	if (lfd >= 0)
		setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (lfd < 0 || bind(lfd, (struct sockaddr *)&in, sizeof in) || listen(lfd, 8) || nonblock(lfd) < 0) {
		perror("relay");
		return 1;
	}
	printf("relaying\n");
	fflush(stdout);

	for (;;) {
		struct pollfd pf[1 + 2 * MAXPAIRS] = { { .fd = lfd, .events = POLLIN } };
		Pair *who[1 + 2 * MAXPAIRS];
		nfds_t n = 1;

		for (Pair *p = pairs; p < pairs + MAXPAIRS; p++)
			for (int i = 0; p->used && i < 2; i++) {
				Dir *in = &p->d[i], *out = &p->d[!i];
				pf[n].fd = in->from;
				pf[n].events = 0;
				if (!in->eof && in->end < BUFSZ)
					pf[n].events |= POLLIN;
				if (out->start < out->end)
					pf[n].events |= POLLOUT;
				if (!pf[n].events)
					pf[n].fd = -1;
				who[n++] = p;
			}
		if (poll(pf, n, 1000) < 0 && errno != EINTR) {
			perror("relay: poll");
			return 1;
		}
		for (nfds_t k = 1; k + 1 < n; k += 2) {
			Pair *p = who[k];
			bool ok = true;
			if (pf[k].fd < 0)
				pf[k].revents = 0;
			if (pf[k + 1].fd < 0)
				pf[k + 1].revents = 0;
			if (!pf[k].revents && !pf[k + 1].revents) {
				if (time(NULL) - p->last > 3)
					drop(p);
				continue;
			}
			p->last = time(NULL);
			for (int i = 0; ok && i < 2; i++)
				if (pf[k + i].revents & (POLLIN | POLLHUP | POLLERR))
					ok = pump_in(&p->d[i]);
			for (int i = 0; ok && i < 2; i++)
				ok = pump_out(&p->d[i]);
			if (!ok || (p->d[0].shut && p->d[1].shut))
				drop(p);
		}
		if (pf[0].revents)
			newcomer(lfd, argv[2]);
	}
}
