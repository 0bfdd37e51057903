/* SPDX-License-Identifier: MIT */
/* Sends itself a byte again and again, until somebody makes a read fail; then prints its errno. Gives up after 20 s. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	int ends[2];
	char byte = 'x';

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 2;
	for (int i = 0; i < 20000; i++) {
		if (write(ends[0], &byte, 1) != 1)
			return 2;
		if (read(ends[1], &byte, 1) < 0) {
			printf("read failed: %d\n", errno);
			return 0;
		}
		poll(NULL, 0, 1);
	}
	return 1;
}
