/* SPDX-License-Identifier: MIT */
/* vowels: the client */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int unix_connect(const char *path, int type)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		return -1;
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void set_timeouts(int fd)
{
	struct timeval tv = { .tv_sec = 3 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

static int send_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const char *l[] = { "the quick brown fox\n", "rhythm\n", "aeiou\n" };
	char out[64];

	if (argc != 2)
		return 2;
	int fd = unix_connect(argv[1], SOCK_STREAM);
	if (fd < 0) {
		perror("vowels client");
		return 1;
	}
	set_timeouts(fd);
	for (int i = 0; i < 3; i++) {
		size_t used = 0;
		if (send_full(fd, l[i], strlen(l[i])) < 0) {
			perror("vowels client: send");
			return 1;
		}
		do {
			ssize_t n = read(fd, out + used, 1);
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0) {
				fprintf(stderr, "vowels client: no answer\n");
				return 1;
			}
			used++;
		} while (out[used - 1] != '\n' && used < sizeof out);
		printf("%.*s", (int)used, out);
	}
	close(fd);
	return 0;
}
