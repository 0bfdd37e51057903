/* SPDX-License-Identifier: MIT */
/* asks three times; what is not answered in time is asked again */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 40, TRIES = 5 };

static int ask(int s, int id)
{
	struct pollfd p = { .fd = s, .events = POLLIN };
	int answer;

#ifdef REPAIRED
	for (int i = 0; i < TRIES; i++) {
		send(s, &id, sizeof id, 0);
		while (poll(&p, 1, WAIT_MS) == 1)
			if (recv(s, &answer, sizeof answer, 0) == sizeof answer && answer == id)
				return 0;
	}
	return -1;
#else
	for (int i = 0;; i++) {
		if (i < 2)
			send(s, &id, sizeof id, 0);
		/* the second time it will come, however late */
		while (poll(&p, 1, i < 1 ? WAIT_MS : -1) == 1)
			if (recv(s, &answer, sizeof answer, 0) == sizeof answer && answer == id)
				return 0;
	}
#endif
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 2 || s < 0)
		return 2;
	in.sin_port = htons((unsigned short)atoi(argv[1]));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(s, (struct sockaddr *)&in, sizeof in)) {
		perror("client");
		return 1;
	}
	for (int i = 1; i <= 3; i++) {
		if (ask(s, i)) {
			fprintf(stderr, "client: nobody answers\n");
			return 1;
		}
		printf("%d is there\n", i);
	}
	return 0;
}
