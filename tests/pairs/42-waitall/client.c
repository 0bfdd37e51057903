/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct record {
	uint32_t station;
	int32_t value[15];
} record_t;

static void fail(const char *what)
{
	fprintf(stderr, "rec: %s\n", what);
	exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval tv = { 1, 0 };
	int fd;

	if (argc != 2)
		return 2;
	strncpy(addr.sun_path, argv[1], sizeof(addr.sun_path) - 1);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 || connect(fd, (void *)&addr, sizeof(addr)) == -1)
		fail(strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	for (int i = 0; i < 6; i++) {
		record_t r = { .station = i };
		int64_t total;
		size_t n = 0;

		for (int k = 0; k < 15; k++)
			r.value[k] = i * 1000 + k * k;
		for (size_t off = 0; off < sizeof(r);) {
			ssize_t w = send(fd, (char *)&r + off, sizeof(r) - off, MSG_NOSIGNAL);
			if (w == -1 && errno != EINTR)
				fail(strerror(errno));
			off += w > 0 ? w : 0;
		}
		/* no handlers here: whole, or the end, or the timeout */
		while (n < sizeof(total)) {
			ssize_t k = recv(fd, (char *)&total + n, sizeof(total) - n, MSG_WAITALL);
			if (k == 0)
				fail("server hung up");
			if (k == -1 && errno != EINTR)
				fail(errno == EAGAIN ? "no answer" : strerror(errno));
			n += k > 0 ? k : 0;
		}
		printf("station %d: total %lld\n", i, (long long)total);
	}
	close(fd);
	return EXIT_SUCCESS;
}
