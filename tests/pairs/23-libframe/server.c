/* SPDX-License-Identifier: MIT */
/* Answers a frame with the number of its vowels. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"

static void bye(int sig)
{
	(void)sig;
	_exit(0);
}

static void converse(int fd)
{
	char text[512], answer[32];

	while (frame_get(fd, text, sizeof(text)) > 0) {
		int n = 0;

		for (const char *p = text; *p; p++)
			n += strchr("aeiou", *p) != NULL;
		n = snprintf(answer, sizeof(answer), "%d vowels", n);
		if (frame_put(fd, answer, (size_t)n) < 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (argc != 2 || s < 0)
		return 2;
	signal(SIGTERM, bye);
	me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	me.sin_port = htons((unsigned short)strtol(argv[1], NULL, 10));
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&me, sizeof(me)) < 0 || listen(s, 4) < 0) {
		perror("vowels");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int fd = accept(s, NULL, NULL);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		converse(fd);
		close(fd);
	}
}
