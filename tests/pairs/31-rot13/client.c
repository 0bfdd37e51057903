/* SPDX-License-Identifier: MIT */
/* rot13 client, stdio too */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char *const texts[] = { "Hello, world", "The quick brown fox", "jumps over", "the lazy dog",
		"1234 -- nothing to do" };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	char buf[200];
	FILE *in, *out;
	int s;

	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(atoi(argv[1]));
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&sin, sizeof sin)) {
		perror("rot13: connect");
		return 1;
	}
	in = fdopen(s, "r");
	out = fdopen(dup(s), "w");
	if (!in || !out) {
		perror("rot13");
		return 1;
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		fprintf(out, "%s\n", texts[i]);
		if (fflush(out)) {
			perror("rot13: write");
			return 1;
		}
		if (!fgets(buf, sizeof buf, in)) {
			fprintf(stderr, "rot13: no answer\n");
			return 1;
		}
		if (!strchr(buf, '\n')) {
			fprintf(stderr, "rot13: half an answer\n");
			return 1;
		}
		fputs(buf, stdout);
	}
	return 0;
}
