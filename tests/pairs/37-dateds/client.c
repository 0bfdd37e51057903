/* SPDX-License-Identifier: MIT */
/* client of dateds: four requests, then QUIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct req {
	uint32_t op;
	int32_t a, b;
	char pad[20];
};

static int fd;

static int put(const struct req *r)
{
	const char *p = (const char *)r;
	for (size_t n = sizeof *r; n;) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k, n -= k;
	}
	return 0;
}

static int get(int32_t *v)
{
	char *p = (char *)v;
	for (size_t n = sizeof *v; n;) {
		ssize_t k = recv(fd, p, n, 0);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		p += k, n -= k;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct req rq[] = { { 1, 4, 5 }, { 2, 100, 58 }, { 3, 12, -12 }, { 1, -7, 7 } };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval tv = { 1, 0 };

	if (argc != 2)
		return 2;
	strncpy(a.sun_path, argv[1], sizeof a.sun_path - 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) < 0 ||
		connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("client");
		return 1;
	}
	for (size_t i = 0; i < sizeof rq / sizeof *rq; i++) {
		int32_t v;
		if (put(&rq[i]) < 0 || get(&v) < 0) {
			fprintf(stderr, "client: server has failed\n");
			return 1;
		}
		printf("op %u: %d\n", rq[i].op, v);
	}
	put(&(struct req){ .op = 99 });
	close(fd);
	return 0;
}
