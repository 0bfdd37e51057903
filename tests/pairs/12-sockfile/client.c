/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char c;
	int fd;

	if (argc != 2)
		return 2;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strncpy(sun.sun_path, argv[1], sizeof(sun.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		perror("connect");
		return 1;
	}
	for (const char *p = "HAL"; *p; p++) {
		if (send(fd, p, 1, MSG_NOSIGNAL) != 1 || recv(fd, &c, 1, 0) != 1) {
			fprintf(stderr, "no answer\n");
			return 1;
		}
		putchar(c);
	}
	putchar('\n');
	return 0;
}
