/* SPDX-License-Identifier: MIT */
/* Says its name when it is asked, and prints what it is told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int hear(int s, char *line, size_t size)
{
	size_t have = 0;

	while (have + 1 < size && (!have || line[have - 1] != '\n')) {
		ssize_t n = recv(s, line + have, 1, 0);

		if (n == 0 || (n < 0 && errno != EINTR)) {
			fputs("passenger: nobody talks to me\n", stderr);
			return -1;
		}
		have += n > 0 ? (size_t)n : 0;
	}
	line[have] = '\0';
	return 0;
}

int main(int argc, char **argv)
{
	static const char name[] = "Ada\n";
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t done = 0;
	char line[64];

	if (argc != 2 || s < 0)
		return 1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun))) {
		perror("passenger: connect");
		return 1;
	}
	if (hear(s, line, sizeof(line)))
		return 1;
	while (done < strlen(name)) {
		ssize_t n = send(s, name + done, strlen(name) - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			perror("passenger: send");
			return 1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (hear(s, line, sizeof(line)))
		return 1;
	fputs(line, stdout);
	return 0;
}
