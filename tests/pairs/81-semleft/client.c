/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* An abstract name goes with its owner. */
static socklen_t address_of(struct sockaddr_un *sun, const char *name)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(sun->sun_path + 1, name, sizeof(sun->sun_path) - 2);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static ssize_t ask(int fd, const char *word, char *answer, size_t size)
{
	ssize_t n;

	while ((n = send(fd, word, strlen(word), MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	if (n < 0)
		return -1;
	while ((n = recv(fd, answer, size, 0)) < 0 && errno == EINTR)
		;
	return n;
}

int main(int argc, char **argv)
{
	static const char *const words[] = { "weasel", "otter", "stoat" };
	struct sockaddr_un sun;
	char answer[64];
	int fd;

	if (argc != 2)
		return 2;
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, address_of(&sun, argv[1])) < 0) {
		perror("connect");
		return 1;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		ssize_t n = ask(fd, words[i], answer, sizeof(answer));

		if (n <= 0) {
			fprintf(stderr, "no answer\n");
			return 1;
		}
		printf("%.*s\n", (int)n, answer);
	}
	close(fd);
	return 0;
}
