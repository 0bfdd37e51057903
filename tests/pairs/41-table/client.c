/* SPDX-License-Identifier: MIT */
/* table: shows the rows that tabled has; knows how wide the terminal is */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t resized;

static void on_winch(int sig)
{
	(void)sig;
	resized = 1;
}

static int recv_line(int s, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t r = recv(s, line + n, 1, 0);

#ifdef REPAIRED
		if (r < 0 && errno == EINTR)
			continue;
#endif
		if (r < 0) {
			perror(errno == EAGAIN ? "table: no answer" : "table: recv");
			return -1;
		}
		if (r == 0) {
			fprintf(stderr, "table: connection closed\n");
			return -1;
		}
		if (line[n++] == '\n')
			break;
	}
	line[n] = 0;
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_winch, .sa_flags = SA_RESTART };
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct timeval tv = { 1, 0 };
	char line[80];
	int s;

	if (argc != 2)
		return 2;
	sigaction(SIGWINCH, &sa, NULL);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(argv[1]));
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) < 0) {
		perror("table: socket");
		return 1;
	}
	if (connect(s, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("table: connect");
		return 1;
	}
	for (int i = 0; i < 8; i++) {
		while (send(s, "\n", 1, MSG_NOSIGNAL) < 0)
			if (errno != EINTR) {
				perror("table: send");
				return 1;
			}
		if (recv_line(s, line, sizeof line) < 0)
			return 1;
		fputs(line, stdout);
		if (resized) {
			struct winsize w;
			resized = 0;
			if (ioctl(2, TIOCGWINSZ, &w) == 0)
				fprintf(stderr, "table: now %d wide\n", w.ws_col);
		}
	}
	close(s);
	return 0;
}
