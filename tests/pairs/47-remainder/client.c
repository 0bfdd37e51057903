/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	if (connect(s, (struct sockaddr *)&un, sizeof un)) {
		perror("client");
		return 1;
	}
	for (uint32_t k = 1; k < 4; k++) {
		uint32_t numbers[8], sum;
		const char *out = (const char *)numbers;
		char *in = (char *)&sum;
		ssize_t n;

		for (uint32_t i = 0; i < 8; i++)
			numbers[i] = k * 0x01010101u * (i + 1);
		for (size_t left = sizeof numbers; left; left -= (size_t)n, out += n)
			if ((n = send(s, out, left, MSG_NOSIGNAL)) < 0) {
				perror("client: send");
				return 1;
			}
		for (size_t left = sizeof sum; left; left -= (size_t)n, in += n)
			if ((n = read(s, in, left)) <= 0) {
				fprintf(stderr, "client: no sum\n");
				return 1;
			}
		printf("%u\n", sum);
	}
	return 0;
}
