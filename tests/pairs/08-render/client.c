/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char words[2][16] = { "stressed", "drawer" };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char back[16];
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc < 2 || s < 0)
		return 1;
	strcpy(sa.sun_path, argv[1]);
	if (connect(s, (void *)&sa, sizeof(sa)) < 0) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		ssize_t r;

		for (size_t n = 0; n < 16; n += (size_t)r)
			if ((r = send(s, words[i] + n, 16 - n, MSG_NOSIGNAL)) < 0)
				return perror("send"), 1;
		for (size_t n = 0; n < 16; n += (size_t)r)
			if ((r = recv(s, back + n, 16 - n, 0)) <= 0)
				return fprintf(stderr, "no answer\n"), 1;
		for (int k = 0; k < 16; k++)
			if (back[k])
				putchar(back[k]);
		putchar('\n');
	}
	return 0;
}
