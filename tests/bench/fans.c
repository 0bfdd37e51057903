/* SPDX-License-Identifier: MIT */
#include "tests/bench/fans.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { MESSAGE = 64, CLIENTS = 900 };

/* 0: answered; 1: the client is gone. */
static int client_answer(int fd)
{
	char bytes[MESSAGE];
	ssize_t n = read(fd, bytes, sizeof bytes);

	return n <= 0 || write(fd, bytes, (size_t)n) != n;
}

static void select_serve(const int *fds, size_t n)
{
	fd_set all, ready;
	int top = 0;

	FD_ZERO(&all);
	for (size_t i = 0; i < n; i++) {
		FD_SET(fds[i], &all);
		top = fds[i] > top ? fds[i] : top;
	}
	for (;;) {
		ready = all;
		if (select(top + 1, &ready, NULL, NULL, NULL) < 0)
			return;
		for (size_t i = 0; i < n; i++)
			if (FD_ISSET(fds[i], &ready) && client_answer(fds[i]))
				return;
	}
}

static void poll_serve(const int *fds, size_t n)
{
	struct pollfd watched[CLIENTS];

	for (size_t i = 0; i < n; i++)
		watched[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	for (;;) {
		int ready = poll(watched, n, -1);

		for (size_t i = 0; ready > 0 && i < n; i++) {
			if (!watched[i].revents)
				continue;
			ready--;
			if (client_answer(watched[i].fd))
				return;
		}
	}
}

static void epoll_serve(const int *fds, size_t n)
{
	struct epoll_event ready[64];
	int watch = epoll_create1(0);

	for (size_t i = 0; i < n; i++)
		epoll_ctl(watch, EPOLL_CTL_ADD, fds[i], &(struct epoll_event){ .events = EPOLLIN, .data.fd = fds[i] });
	for (;;) {
		int n_ready = epoll_wait(watch, ready, 64, -1);

		for (int i = 0; i < n_ready; i++)
			if (client_answer(ready[i].data.fd))
				return;
	}
}

const char *const fan_designs[] = { "select", "poll", "epoll", NULL };
static void (*const serves[])(const int *fds, size_t n) = { select_serve, poll_serve, epoll_serve };

/* All active clients send, then all take their answers. */
static int requests_make(const int *fds, size_t n_active, unsigned long rounds)
{
	char bytes[MESSAGE] = "request";

	for (unsigned long r = 0; r < rounds; r++) {
		for (size_t i = 0; i < n_active; i++)
			if (write(fds[i], bytes, sizeof bytes) != sizeof bytes)
				return 1;
		for (size_t i = 0; i < n_active; i++)
			if (read(fds[i], bytes, sizeof bytes) != sizeof bytes)
				return 1;
	}
	return 0;
}

/* The clients' ends lie high, so that the server's stay below FD_SETSIZE. */
static int connections_make(int *servers, int *clients, size_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (size_t i = 0; i < n; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
			return 1;
		servers[i] = pair[0];
		clients[i] = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_SETSIZE);
		close(pair[1]);
		if (clients[i] < 0 || servers[i] >= FD_SETSIZE)
			return 1;
	}
	return 0;
}

static void fds_drop(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

double fan_rate(size_t design, size_t n_clients, size_t n_active, unsigned long n_requests)
{
	unsigned long rounds = n_requests / n_active + 1;
	int servers[CLIENTS], clients[CLIENTS], bad;
	uint64_t start;
	pid_t pid;

	for (size_t i = 0; i < CLIENTS; i++)
		servers[i] = clients[i] = -1;
	bad = n_clients > CLIENTS || connections_make(servers, clients, n_clients);
	pid = bad ? -1 : fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fds_drop(clients, n_clients);
		serves[design](servers, n_clients);
		_exit(0);
	}
	fds_drop(servers, CLIENTS);
	bad = pid < 0 || requests_make(clients, n_active, rounds / 10 + 1);
	start = now_ns();
	bad = bad || requests_make(clients, n_active, rounds);

	double seconds = (double)(now_ns() - start) / 1e9;

	fds_drop(clients, CLIENTS);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return bad ? -1 : (double)(rounds * n_active) / seconds;
}
