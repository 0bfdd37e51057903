/* SPDX-License-Identifier: MIT */
/* Has the digits of a number added up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char number[] = "31415\n";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t done = 0, have = 0;
	char sum[32];
	ssize_t n;

	if (argc != 2 || s < 0)
		return 1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun))) {
		perror("digits: connect");
		return 1;
	}
	while (done < strlen(number)) {
		n = send(s, number + done, strlen(number) - done, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR) {
			perror("digits: send");
			return 1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	while (have < sizeof(sum) && (!have || sum[have - 1] != '\n')) {
		n = recv(s, sum + have, sizeof(sum) - have, 0);
		if (n == 0 || (n < 0 && errno != EINTR)) {
			fputs("digits: no answer\n", stderr);
			return 1;
		}
		have += n > 0 ? (size_t)n : 0;
	}
	printf("%.*s", (int)have, sum);
	return 0;
}
