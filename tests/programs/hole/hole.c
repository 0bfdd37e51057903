/* SPDX-License-Identifier: MIT */
/* A library that lacks a function which nobody calls, and makes calls of its own. */
#include <sys/socket.h>
#include <unistd.h>

int nowhere(int);
int one_more(int x);
int lacking(int x);

int one_more(int x)
{
	int fds[2], y = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || write(fds[0], &x, sizeof(x)) != (ssize_t)sizeof(x) ||
		read(fds[1], &y, sizeof(y)) != (ssize_t)sizeof(y))
		return -1;
	close(fds[0]);
	close(fds[1]);
	return y + 1;
}

int lacking(int x)
{
	return nowhere(x);
}
