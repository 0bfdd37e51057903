/* SPDX-License-Identifier: MIT */
/* Orders something, and prints what it costs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char order[] = "espresso\n";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t done = 0, have = 0;
	char price[96];

	if (argc != 2 || s < 0)
		return 1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun))) {
		perror("customer: connect");
		return 1;
	}
	while (done < strlen(order)) {
		ssize_t n = send(s, order + done, strlen(order) - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			perror("customer: send");
			return 1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	while (have < sizeof(price) && (!have || price[have - 1] != '\n')) {
		ssize_t n = recv(s, price + have, sizeof(price) - have, 0);

		if (n == 0 || (n < 0 && errno != EINTR)) {
			fputs("customer: nobody answers\n", stderr);
			return 1;
		}
		have += n > 0 ? (size_t)n : 0;
	}
	printf("%.*s", (int)have, price);
	return 0;
}
