/* SPDX-License-Identifier: MIT */
/* Passengers, one after the other: each says its name when it is asked, and prints what it is told. */
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

static int say(int s, const char *text)
{
	size_t done = 0, length = strlen(text);

	while (done < length) {
		ssize_t n = send(s, text + done, length - done, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			perror("passenger: send");
			return -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int cross(const struct sockaddr_un *sun, const char *name)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0), failed;
	char line[64];

	if (s < 0 || connect(s, (const struct sockaddr *)sun, sizeof(*sun))) {
		perror("passenger: connect");
		return -1;
	}
	failed = hear(s, line, sizeof(line)) || say(s, name) || hear(s, line, sizeof(line));
	if (!failed)
		fputs(line, stdout);
	close(s);
	return failed ? -1 : 0;
}

/* So many that the ferryman has to wait for one of them at least, whoever is quicker. */
int main(int argc, char **argv)
{
	static const char *const names[] = { "Ada\n", "Barbara\n", "Frances\n", "Grace\n", "Jean\n", "Kathleen\n" };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (argc != 2)
		return 1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (cross(&sun, names[i]))
			return 1;
	return 0;
}
