/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char *const lines[] = { "hello", "live", "drawer" };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char answer[256];
	FILE *in, *out;
	int s;

	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		perror(argv[1]);
		return 1;
	}
	in = fdopen(s, "r");
	out = fdopen(dup(s), "w");
	if (!in || !out) {
		perror("fdopen");
		return 1;
	}
	for (int i = 0; i < 3; i++) {
		fprintf(out, "%s\n", lines[i]);
		if (fflush(out) == EOF || !fgets(answer, sizeof(answer), in)) {
			fprintf(stderr, "they hung up\n");
			return 1;
		}
		fputs(answer, stdout);
	}
	fputs("QUIT\n", out);
	if (fclose(out) == EOF) {
		perror("quit");
		return 1;
	}
	fclose(in);
	return 0;
}
