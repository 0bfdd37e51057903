/* SPDX-License-Identifier: MIT */
/* dateds -- works as a daemon: forks twice, writes its pid, serves until told to quit */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct req {
	uint32_t op;
	int32_t a, b;
	char pad[20];
};

struct conn {
	int fd;
	size_t have;
	struct req rq;
	time_t since;
};

static struct conn conns[16];
static const char *sockname, *pidname;

static void tidy(void)
{
	unlink(sockname);
	unlink(pidname);
}

static void sigterm(int s)
{
	(void)s;
	tidy();
	_exit(0);
}

static int write_pid(void)
{
	char buf[32];
	int fd = open(pidname, O_WRONLY | O_CREAT | O_EXCL, 0644), n;

	if (fd < 0)
		return -1;
	n = snprintf(buf, sizeof buf, "%ld\n", (long)getpid());
	if (write(fd, buf, n) != n) {
		close(fd);
		unlink(pidname);
		return -1;
	}
	return close(fd);
}

/* 1: go on, 0: connection over, -1: quit */
static int request(struct conn *c)
{
	int32_t r;
	const char *p = (const char *)&r;
	size_t left = sizeof r;
#ifndef REPAIRED
	ssize_t n = read(c->fd, &c->rq, sizeof c->rq);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return 0;
#else
	ssize_t n = read(c->fd, (char *)&c->rq + c->have, sizeof c->rq - c->have);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return 0;
	c->have += n;
	if (c->have < sizeof c->rq)
		return 1;
	c->have = 0;
#endif
	switch (c->rq.op) {
	case 1:
		r = c->rq.a + c->rq.b;
		break;
	case 2:
		r = c->rq.a - c->rq.b;
		break;
	case 3:
		r = c->rq.a * c->rq.b;
		break;
	case 99:
		return -1;
	default:
		r = -1;
	}
	while (left) {
		n = send(c->fd, p, left, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return 0;
		p += n;
		left -= n;
	}
	return 1;
}

static void loop(int lfd)
{
	for (;;) {
		fd_set rd;
		int max = lfd;
		struct timeval tv = { 1, 0 };

		FD_ZERO(&rd);
		FD_SET(lfd, &rd);
		for (int i = 0; i < 16; i++)
			if (conns[i].fd >= 0) {
				FD_SET(conns[i].fd, &rd);
				if (conns[i].fd > max)
					max = conns[i].fd;
			}
		if (select(max + 1, &rd, NULL, NULL, &tv) < 0)
			continue;
		for (int i = 0; i < 16; i++) {
			int r = 1;
			if (conns[i].fd < 0)
				continue;
			if (FD_ISSET(conns[i].fd, &rd)) {
				r = request(&conns[i]);
				conns[i].since = time(NULL);
			} else if (time(NULL) - conns[i].since > 3)
				r = 0;
			if (r < 0)
				return;
			if (r == 0) {
				close(conns[i].fd);
				conns[i].fd = -1;
			}
		}
		if (FD_ISSET(lfd, &rd)) {
			int fd = accept(lfd, NULL, NULL), i;
			if (fd < 0) {
				if (errno == EMFILE || errno == ENFILE)
					usleep(10000);
				continue;
			}
			for (i = 0; i < 16 && conns[i].fd >= 0; i++)
				;
			if (i == 16 || fd >= FD_SETSIZE) {
				close(fd);
				continue;
			}
			conns[i] = (struct conn){ .fd = fd, .since = time(NULL) };
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	pid_t p;
	int lfd, nul;

	if (argc != 3)
		return 2;
	sockname = argv[1];
	pidname = argv[2];
	strncpy(a.sun_path, sockname, sizeof a.sun_path - 1);
	lfd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (lfd < 0) {
		perror("dateds: socket");
		return 1;
	}
	if (bind(lfd, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("dateds: bind");
		return 1;
	}
	if (listen(lfd, 16) < 0) {
		perror("dateds: listen");
		unlink(sockname);
		return 1;
	}
	p = fork();
	if (p < 0) {
		perror("dateds: fork");
		unlink(sockname);
		return 1;
	}
	if (p > 0) {
		int st;
		while (waitpid(p, &st, 0) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(st) || WEXITSTATUS(st))
			return 1;
		puts("started");
		return 0;
	}
	setsid();
	p = fork();
	if (p < 0) {
		perror("dateds: fork");
		unlink(sockname);
		_exit(1);
	}
	if (p > 0)
		_exit(0);
	if (write_pid() < 0) {
		perror("dateds: pid file");
		unlink(sockname);
		_exit(1);
	}
	signal(SIGTERM, sigterm);
	umask(022);
	nul = open("/dev/null", O_RDWR);
	if (nul >= 0) {
		dup2(nul, 0);
		dup2(nul, 1);
		dup2(nul, 2);
		if (nul > 2)
			close(nul);
	}
	for (int i = 0; i < 16; i++)
		conns[i].fd = -1;
	loop(lfd);
	tidy();
	return 0;
}
