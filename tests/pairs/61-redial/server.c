/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static void quit(int s) { _exit(0); }
int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])) };
	int l = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	signal(SIGTERM, quit);
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (l < 0 || bind(l, (void *)&a, sizeof a) || listen(l, 8)) { perror("server"); return 1; }
	puts("ready"); fflush(stdout);
	for (;;) {
		struct timeval tv = { 2, 0 };
		char b[256]; ssize_t n;
		int c = accept(l, NULL, NULL);
		if (c < 0) { if (errno != EINTR && errno != ECONNABORTED) usleep(10000); continue; }
		setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
		while ((n = recv(c, b, sizeof b, 0)) > 0 || (n < 0 && errno == EINTR)) {
			ssize_t o = 0;
			while (o < n) {
				ssize_t k = send(c, b + o, n - o, MSG_NOSIGNAL);
				if (k < 0 && errno == EINTR)
					continue;
				if (k < 0)
					break;
				o += k;
			}
			if (o < n) break;
		}
		close(c);
	}
}
