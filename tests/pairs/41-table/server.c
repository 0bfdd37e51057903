/* SPDX-License-Identifier: MIT */
/* tabled: rows of a table, poll(2) loop, one row for every '\n' received */
#include <arpa/inet.h>
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

#define MAXC 20

static struct {
	char out[1024];
	size_t n;
	int row;
} st[MAXC + 1];
static struct pollfd pfd[MAXC + 1];
static int nfd = 1;

static void term(int s)
{
	(void)s;
	_exit(0);
}

static void drop(int i)
{
	close(pfd[i].fd);
	nfd--;
	pfd[i] = pfd[nfd];
	st[i] = st[nfd];
}

static int input(int i)
{
	char buf[64];
	ssize_t n = read(pfd[i].fd, buf, sizeof buf);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	for (ssize_t k = 0; k < n; k++)
		if (buf[k] == '\n') {
			if (st[i].n > sizeof st[i].out - 64)
				return -1;
			st[i].n += sprintf(st[i].out + st[i].n, "%3d %5d %7d\n", st[i].row, st[i].row * st[i].row,
				st[i].row * st[i].row * st[i].row);
			st[i].row++;
		}
	return 0;
}

static int output(int i)
{
	ssize_t n = send(pfd[i].fd, st[i].out, st[i].n, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	st[i].n -= n;
	memmove(st[i].out, st[i].out + n, st[i].n);
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int one = 1;

	if (argc != 2)
		return 2;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(argv[1]));
	pfd[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	pfd[0].events = POLLIN;
	if (pfd[0].fd < 0 || setsockopt(pfd[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) ||
		bind(pfd[0].fd, (struct sockaddr *)&a, sizeof a) || listen(pfd[0].fd, 9)) {
		perror("tabled");
		return 1;
	}
	signal(SIGTERM, term);
	puts("up");
	fflush(stdout);
	for (;;) {
		for (int i = 1; i < nfd; i++)
			pfd[i].events = POLLIN | (st[i].n ? POLLOUT : 0);
		if (poll(pfd, nfd, -1) < 0)
			continue;
		for (int i = nfd - 1; i > 0; i--) {
			int r = 0;
			if (pfd[i].revents & (POLLIN | POLLHUP | POLLERR))
				r = input(i);
			if (r == 0 && st[i].n)
				r = output(i);
			if (r < 0)
				drop(i);
		}
		if (pfd[0].revents) {
			int fd = accept(pfd[0].fd, NULL, NULL);
			if (fd < 0) {
				if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
					usleep(5000);
				continue;
			}
			if (nfd == MAXC + 1 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
				close(fd);
				continue;
			}
			pfd[nfd].fd = fd;
			st[nfd].n = 0;
			st[nfd].row = 1;
			nfd++;
		}
	}
}
