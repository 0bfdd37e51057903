/* SPDX-License-Identifier: MIT */
/* clockd PORT: tells the day number of a date, over TCP. One line in, one line out, then the connection is closed. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void bye(int sig)
{
	(void)sig;
	_exit(0);
}

static void die(const char *what)
{
	fprintf(stderr, "clockd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long day_number(int y, int m, int d)
{
	m = (m + 9) % 12;
	y -= m / 10;
	return 365L * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + d - 1;
}

static void serve(int fd)
{
	char line[64], out[32];
	size_t have = 0;
	int y, m, d, n;

	while (have < sizeof(line) - 1 && !memchr(line, '\n', have)) {
		ssize_t got = recv(fd, line + have, sizeof(line) - 1 - have, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		have += (size_t)got;
	}
	line[have] = '\0';
	if (sscanf(line, "%d-%d-%d", &y, &m, &d) == 3)
		n = snprintf(out, sizeof(out), "%ld\n", day_number(y, m, d));
	else
		n = snprintf(out, sizeof(out), "?\n");
	for (int done = 0; done < n;) {
		ssize_t put = send(fd, out + done, (size_t)(n - done), MSG_NOSIGNAL);

		if (put < 0 && errno != EINTR)
			return;
		done += put > 0 ? (int)put : 0;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 2 };
	int master, on = 1;

	if (argc != 2)
		return 2;
	signal(SIGTERM, bye);
	at.sin_port = htons((uint16_t)atoi(argv[1]));
	master = socket(AF_INET, SOCK_STREAM, 0);
	if (master < 0)
		die("socket");
	setsockopt(master, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(master, (struct sockaddr *)&at, sizeof(at)) || listen(master, 16))
		die("listen");
	printf("listening\n");
	fflush(stdout);
	for (;;) {
		int fd = accept(master, NULL, NULL);

		if (fd < 0) {
			if (errno == EINTR)
				continue;
#ifdef REPAIRED
			/* The client has changed its mind, or there is no memory now: the next one may be luckier. */
			if (errno == ECONNABORTED || errno == EPROTO || errno == ENOBUFS || errno == ENOMEM ||
				errno == EMFILE || errno == ENFILE) {
				usleep(1000);
				continue;
			}
#endif
			die("accept");
		}
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		serve(fd);
		close(fd);
	}
}
