/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
/* shout SOCKET: sends capitals back. Edge-triggered epoll. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un addr = { .sun_family = AF_UNIX };

static void
terminate(int signo)
{
    (void)signo;
    unlink(addr.sun_path);
    _exit(0);
}

static int
reply(int fd, const char *p, size_t n)
{
    while (n > 0) {
	ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
	if (w < 0) {
	    struct timespec ts = { 0, 1000000 };
	    if (errno != EAGAIN && errno != EINTR)
		return -1;
	    nanosleep(&ts, NULL);
	    continue;
	}
	p += w;
	n -= (size_t)w;
    }
    return 0;
}

static void
readable(int ep, int fd)
{
    char buf[256];
    ssize_t n;

    /* the edge is not repeated: take all there is */
    for (;;) {
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0 && errno == EINTR)
	    continue;
	if (n < 0 && errno == EAGAIN)
	    return;
	if (n <= 0)
	    break;
	for (ssize_t i = 0; i < n; i++)
	    buf[i] = (char)toupper((unsigned char)buf[i]);
	if (reply(fd, buf, (size_t)n) < 0)
	    break;
    }
    epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
}

static void
new_clients(int ep, int lfd)
{
    struct epoll_event e = { .events = EPOLLIN | EPOLLET };
    int fd;

    for (;;) {
	fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK);
	if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
	    continue;
	if (fd < 0 && errno == EAGAIN)
	    return;
	if (fd < 0) {
#ifdef REPAIRED
	    /* who waits is still in the queue, and makes no second edge */
	    struct timespec ts = { 0, 2000000 };

	    nanosleep(&ts, NULL);
	    continue;
#else
	    perror("shout: accept");
	    return;
#endif
	}
	e.data.fd = fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0)
	    close(fd);
    }
}

int
main(int argc, char **argv)
{
    struct epoll_event ev[8], e = { .events = EPOLLIN | EPOLLET };
    int ep, lfd;

    if (argc != 2)
	return 2;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[1]);
    lfd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ep = epoll_create1(0);
    if (lfd < 0 || ep < 0 || bind(lfd, (void *)&addr, sizeof(addr)) < 0 || listen(lfd, 8) < 0) {
	perror("shout");
	unlink(addr.sun_path);
	return 1;
    }
    signal(SIGTERM, terminate);
    e.data.fd = lfd;
    epoll_ctl(ep, EPOLL_CTL_ADD, lfd, &e);
    puts("listening");
    fflush(stdout);
    for (;;) {
	int n = epoll_wait(ep, ev, 8, -1);

	for (int i = 0; i < n; i++)
	    if (ev[i].data.fd == lfd)
		new_clients(ep, lfd);
	    else
		readable(ep, ev[i].data.fd);
    }
}
