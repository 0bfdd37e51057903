/* SPDX-License-Identifier: MIT */
/* parts PORT: gathers the numbered parts of a text, and sends the text back when it is asked to (part 0). */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARTS 8
#define PART  8

struct part {
	unsigned char number;	/* from 1; 0: give me the text */
	char text[PART];
};

static char text[PARTS][PART];
static unsigned char have[PARTS];
static int count;

static void bye(int sig)
{
	(void)sig;
	_exit(0);
}

static void keep(const struct part *p)
{
#ifdef REPAIRED
	int at = p->number - 1;
#else
	int at = count;
#endif

	if (p->number > PARTS || have[p->number - 1])
		return;			/* came twice */
	have[p->number - 1] = 1;
	memcpy(text[at], p->text, PART);
	count++;
}

int main(int argc, char **argv)
{
	struct sockaddr_in me = { .sin_family = AF_INET }, from;
	struct part p;
	int s;

	if (argc != 2)
		return 2;
	signal(SIGTERM, bye);
	s = socket(AF_INET, SOCK_DGRAM, 0);
	me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	me.sin_port = htons((unsigned short)atoi(argv[1]));
	if (s < 0 || bind(s, (struct sockaddr *)&me, sizeof(me))) {
		perror("parts");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		socklen_t len = sizeof(from);
		char out[1 + sizeof(text)];
		ssize_t n = recvfrom(s, &p, sizeof(p), 0, (struct sockaddr *)&from, &len);

		if (n == sizeof(p) && p.number) {
			keep(&p);
		} else if (n == 1) {
			out[0] = (char)count;
			memcpy(out + 1, text, sizeof(text));
			sendto(s, out, 1 + (size_t)count * PART, 0, (struct sockaddr *)&from, len);
		} else if (n == 2) {		/* a new text */
			count = 0;
			memset(have, 0, sizeof(have));
			sendto(s, "ok", 2, 0, (struct sockaddr *)&from, len);
		}
	}
}
