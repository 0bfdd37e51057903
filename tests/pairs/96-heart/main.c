/* SPDX-License-Identifier: MIT */
/*
 * heart: a worker process beats every 30 ms over a socketpair; a timerfd guards it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int write_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

struct beat {
	uint32_t no, load;
};

#ifdef REPAIRED
#define PATIENCE_MS 3000
#else
#define PATIENCE_MS 100
#endif

static void worker(int fd)
{
	for (uint32_t i = 1; i <= 4; i++) {
		struct beat b = { i, i * 10 };
		struct timespec ts = { 0, 30000000 };
		if (write_full(fd, &b, sizeof b) < 0)
			_exit(1);
		nanosleep(&ts, NULL);
	}
	_exit(0);
}

static int arm(int tfd)
{
	struct itimerspec it = { .it_value = { PATIENCE_MS / 1000, PATIENCE_MS % 1000 * 1000000L } };
	return timerfd_settime(tfd, 0, &it, NULL);
}

int main(void)
{
	int sv[2], st, bad = 0, over = 0;
	size_t used = 0;
	struct beat b;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0)
		die("heart: socketpair");
	signal(SIGPIPE, SIG_IGN);
	int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	if (tfd < 0 || arm(tfd) < 0)
		die("heart: timerfd");
	pid_t pid = fork();
	if (pid < 0)
		die("heart: fork");
	if (pid == 0) {
		close(sv[0]);
		close(tfd);
		worker(sv[1]);
	}
	close(sv[1]);
	while (!over && !bad) {
		struct pollfd p[2] = { { sv[0], POLLIN, 0 }, { tfd, POLLIN, 0 } };
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			perror("heart: poll");
			bad = 1;
			break;
		}
		if (p[0].revents) {
			ssize_t n = read(sv[0], (char *)&b + used, sizeof b - used);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0) {
				perror("heart: read");
				bad = 1;
			} else if (n == 0)
				over = 1;
			else if ((used += (size_t)n) == sizeof b) {
				used = 0;
				printf("beat %u load %u\n", b.no, b.load);
				if (arm(tfd) < 0) {
					perror("heart: timer");
					bad = 1;
				}
			}
		} else if (p[1].revents) {
			uint64_t v;
			if (read(tfd, &v, sizeof v) == sizeof v) {
				fprintf(stderr, "heart: worker is dead\n");
				bad = 1;
			}
		}
	}
	close(sv[0]);
	close(tfd);
	if (bad)
		kill(pid, SIGKILL);
	if (waitpid(pid, &st, 0) < 0 || !WIFEXITED(st) || WEXITSTATUS(st)) {
		fprintf(stderr, "heart: worker failed\n");
		bad = 1;
	}
	return bad;
}
