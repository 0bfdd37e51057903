/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 100, 5000, 12000 };
	static unsigned char out[12000], in[12000];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval tv = { 1, 0 };
	int s;

	if (argc != 2)
		return 2;
	snprintf(a.sun_path, sizeof a.sun_path, "%s", argv[1]);
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) < 0 ||
		connect(s, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("echo");
		return 1;
	}
	for (int k = 0; k < 3; k++) {
		unsigned sum = 0;

		for (size_t i = 0; i < sizes[k]; i++)
			out[i] = i * 7 + k;
		for (size_t n = 0; n < sizes[k];) {
			ssize_t w = send(s, out + n, sizes[k] - n, MSG_NOSIGNAL);
			if (w < 0 && errno == EINTR)
				continue;
			if (w < 0) {
				perror("echo: send");
				return 1;
			}
			n += w;
		}
		for (size_t n = 0; n < sizes[k];) {
			ssize_t r = recv(s, in + n, sizes[k] - n, 0);
			if (r < 0 && errno == EINTR)
				continue;
			if (r <= 0) {
				fprintf(stderr, "echo: %s\n", r ? strerror(errno) : "closed");
				return 1;
			}
			n += r;
		}
		if (memcmp(in, out, sizes[k])) {
			fprintf(stderr, "echo: something else came back\n");
			return 1;
		}
		for (size_t i = 0; i < sizes[k]; i++)
			sum = sum * 17 + in[i];
		printf("%zu: %u\n", sizes[k], sum);
	}
	return 0;
}
