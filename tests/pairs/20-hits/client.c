/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int hits(int s, const char *who, uint32_t *n)
{
	char name[12] = "";
	size_t done;
	ssize_t r;

	strncpy(name, who, sizeof(name) - 1);
	for (done = 0; done < sizeof(name); done += (size_t)r)
		if ((r = send(s, name + done, sizeof(name) - done, MSG_NOSIGNAL)) < 0)
			return -1;
	for (done = 0; done < sizeof(*n); done += (size_t)r)
		if ((r = recv(s, (char *)n + done, sizeof(*n) - done, 0)) <= 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "ada", "bob", "ada" };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	uint32_t n[3];
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	strncpy(sun.sun_path, argv[1], sizeof(sun.sun_path) - 1);
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		perror("connect");
		return 1;
	}
	for (int i = 0; i < 3; i++)
		if (hits(s, names[i], &n[i])) {
			fprintf(stderr, "no answer for %s\n", names[i]);
			return 1;
		}
	printf("%s came up again: %s\n", names[2], n[2] > n[0] ? "yes" : "no");
	return 0;
}
