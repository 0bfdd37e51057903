/* SPDX-License-Identifier: MIT */
/*
 * eager KIND HOW…: takes bytes from a descriptor that does not block, and they are there.
 * KIND  socketpair dgram pipe eventfd udp
 * HOW   poll select epoll peek: asks before   taken: takes some of them  child, thread: shares it with one
 *       out: from here on asks for room, and gives a byte instead of taking one
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool udp_pair(int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);

	fds[0] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	fds[1] = socket(AF_INET, SOCK_DGRAM, 0);
	return bind(fds[0], (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       getsockname(fds[0], (struct sockaddr *)&address, &length) == 0 &&
	       connect(fds[1], (struct sockaddr *)&address, length) == 0;
}

static bool pair_make(const char *kind, int fds[2])
{
	if (strcmp(kind, "socketpair") == 0)
		return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0;
	if (strcmp(kind, "dgram") == 0)
		return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds) == 0;
	if (strcmp(kind, "pipe") == 0)
		return pipe2(fds, O_NONBLOCK) == 0;
	if (strcmp(kind, "eventfd") == 0)
		return (fds[0] = fds[1] = eventfd(0, EFD_NONBLOCK)) >= 0;
	return udp_pair(fds);
}

static void ask(const char *how, int fd, bool out)
{
	struct pollfd p = { .fd = fd, .events = out ? POLLOUT : POLLIN };
	struct epoll_event e = { .events = out ? EPOLLOUT : EPOLLIN, .data.u64 = 1u << 20 }, got;
	int ep;
	bool failed = false;
	fd_set set;
	char byte;

	if (strcmp(how, "poll") == 0) {
		failed = poll(&p, 1, -1) < 0;
	} else if (strcmp(how, "select") == 0) {
		FD_ZERO(&set);
		FD_SET(fd, &set);
		failed = select(fd + 1, out ? NULL : &set, out ? &set : NULL, NULL, NULL) < 0;
	} else if (strcmp(how, "epoll") == 0) {
		ep = epoll_create1(0);
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
		failed = epoll_wait(ep, &got, 1, -1) < 0;
		close(ep);
	} else if (strcmp(how, "peek") == 0) {
		failed = recv(fd, &byte, 1, MSG_PEEK) < 0;
	}
	if (failed) {
		perror(how);
		exit(3);
	}
}

/* By other calls than the one that is looked at. */
static void *take_one(void *fd)
{
	uint64_t bytes;

	return readv(*(int *)fd, &(struct iovec){ &bytes, sizeof(bytes) }, 1) < 0 ? fd : NULL;
}

static bool give_one(int fd)
{
	uint64_t one = 1;

	return writev(fd, &(struct iovec){ &one, sizeof(one) }, 1) == sizeof(one);
}

int main(int argc, char **argv)
{
	uint64_t one = 1;
	pthread_t thread;
	int fds[2], hold[2], here[2];
	pid_t child = 0;
	bool out = false;

	if (argc < 2 || !pair_make(argv[1], fds) || pipe(hold) || pipe(here) || !give_one(fds[1]) || !give_one(fds[1]))
		return 1;
	for (int i = 2; i < argc; i++) {
		out |= strcmp(argv[i], "out") == 0;
		ask(argv[i], fds[out], out);
		if (strcmp(argv[i], "taken") == 0)
			take_one(&fds[0]);
		if (strcmp(argv[i], "thread") == 0 && !pthread_create(&thread, NULL, take_one, &fds[0]))
			pthread_join(thread, NULL);
		if (strcmp(argv[i], "child") != 0)
			continue;
		child = fork();
		if (!child) {
			close(hold[1]);
			close(here[1]);
			_exit(readv(hold[0], &(struct iovec){ &one, 1 }, 1) != 0);
		}
		close(here[1]);
		take_one(&here[0]);	/* it lives: it has closed its own end */
	}
	if ((out ? write(fds[1], &one, sizeof(one)) : read(fds[0], &one, sizeof(one))) < 0)
		perror("eager");
	close(hold[1]);
	while (child && wait(NULL) < 0 && errno == EINTR)
		;
	return 0;
}
