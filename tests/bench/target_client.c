/* SPDX-License-Identifier: MIT */
/* The other half: sends ten messages of 64 bytes and takes the answers. target_client SOCKET */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char message[64] = "message";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || fd < 0 || snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]) < 1)
		return 2;
	/* Started beside the server by hand, it may come first; under a harness it never does. */
	for (int i = 0; connect(fd, (struct sockaddr *)&address, sizeof address); i++) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || i == 100000)
			return 1;
		sched_yield();
	}
	for (int i = 0; i < 10; i++) {
		size_t got = 0;

		for (size_t sent = 0; sent < sizeof message;) {
			ssize_t n = write(fd, message + sent, sizeof message - sent);

			if (n <= 0)
				return 1;
			sent += (size_t)n;
		}
		while (got < sizeof message) {
			ssize_t n = read(fd, message + got, sizeof message - got);

			if (n <= 0)
				return 1;
			got += (size_t)n;
		}
	}
	return 0;
}
