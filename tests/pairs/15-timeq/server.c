/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* timeq PORT: the n-th Fibonacci number, in one datagram. */

static void bye(int sig) { (void)sig; _exit(0); }

static uint32_t fib(uint32_t n)
{
	uint32_t a = 0, b = 1, t;

	while (n--) {
		t = a + b;
		a = b;
		b = t;
	}
	return a;
}

int main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET }, who;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc < 2 || s < 0)
		return 2;
	me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	me.sin_port = htons((uint16_t)atoi(argv[1]));
	if (bind(s, (void *)&me, sizeof me) < 0) {
		perror("bind");
		return 1;
	}
	signal(SIGTERM, bye);
	puts("listening");
	fflush(stdout);
	for (;;) {
		socklen_t len = sizeof who;
		uint32_t m[2];

		if (recvfrom(s, m, sizeof m, 0, (void *)&who, &len) != sizeof m)
			continue;
		m[1] = htonl(fib(ntohl(m[1])));
		sendto(s, m, sizeof m, 0, (void *)&who, len);
	}
}
