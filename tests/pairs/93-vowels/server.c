/* SPDX-License-Identifier: MIT */
/*
 * vowels: counts vowels; an audit child notes each connection and is collected in SIGCHLD.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAXC 16
static struct conn {
	int fd, vowels;
} c[MAXC];
static int n_c;

static void reap(int s)
{
#ifdef REPAIRED
	int saved = errno;
	(void)s;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
#else
	(void)s;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
#endif
}

static const char *sock_path;

static void bye(int s)
{
	(void)s;
	unlink(sock_path);
	_exit(0);
}

static int unix_listen(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		return -1;
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
		close(fd);
		return -1;
	}
	if (listen(fd, 16) < 0) {
		unlink(path);
		close(fd);
		return -1;
	}
	return fd;
}

/* for a non-blocking socket: waits up to 1 s for room */
static int send_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd w = { fd, POLLOUT, 0 };
			if (poll(&w, 1, 1000) == 0)
				return -1;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void say_ready(void)
{
	printf("listening\n");
	fflush(stdout);
}

static int eat(struct conn *x, const char *buf, ssize_t n)
{
	char out[32];

	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] != '\n') {
			x->vowels += buf[i] && strchr("aeiou", buf[i]) != NULL;
			continue;
		}
		int len = snprintf(out, sizeof out, "%d vowels\n", x->vowels);
		if (send_full(x->fd, out, (size_t)len) < 0)
			return -1;
		x->vowels = 0;
	}
	return 0;
}

/* all there is; -1: the conversation is over */
static int input(struct conn *x)
{
	char buf[8];

	for (;;) {
		ssize_t n = recv(x->fd, buf, sizeof buf, 0);
		if (n == 0)
			return -1;
		if (n > 0) {
			if (eat(x, buf, n) < 0)
				return -1;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		perror("vowels: recv");
		return -1;
	}
}

static void audit(int lfd, int fd)
{
	pid_t pid = fork();
	if (pid == 0) {
		close(lfd);
		for (int i = 0; i < n_c; i++)
			close(c[i].fd);
		close(fd);
		_exit(0);       /* a real one would write to a log */
	}
	if (pid < 0)
		perror("vowels: fork");
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = reap, .sa_flags = SA_RESTART | SA_NOCLDSTOP };

	if (argc != 2)
		return 2;
	sock_path = argv[1];
	int lfd = unix_listen(sock_path, SOCK_STREAM);
	if (lfd < 0) {
		perror("vowels");
		return 1;
	}
	fcntl(lfd, F_SETFL, O_NONBLOCK);
	signal(SIGTERM, bye);
	sigaction(SIGCHLD, &sa, NULL);
	say_ready();
	for (;;) {
		struct pollfd p[MAXC + 1] = { { lfd, POLLIN, 0 } };
		int n = n_c;

		for (int i = 0; i < n; i++)
			p[i + 1] = (struct pollfd){ c[i].fd, POLLIN, 0 };
		int r = poll(p, (nfds_t)n + 1, -1);
		if (r < 0)
			continue;
		for (int i = n - 1; i >= 0; i--)
			if (p[i + 1].revents && input(&c[i]) < 0) {
				close(c[i].fd);
				c[i] = c[--n_c];
			}
		if (!p[0].revents)
			continue;
		int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				usleep(20000);
			continue;
		}
		if (n_c == MAXC) {
			close(fd);
			continue;
		}
		audit(lfd, fd);
		c[n_c++] = (struct conn){ fd, 0 };
	}
}
