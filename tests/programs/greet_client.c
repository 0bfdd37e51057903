/* SPDX-License-Identifier: MIT */
/* greet_client SOCKET NAME...: sends each name as a line and prints the line that comes back. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* 0: a whole line is in `line`; 1: the connection ended before. */
static int line_read(int fd, char *line, size_t size)
{
	for (size_t n = 0; n < size - 1; n++) {
		if (read(fd, line + n, 1) != 1)
			return 1;
		line[n + 1] = '\0';
		if (line[n] == '\n')
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char line[300];

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2 || fd < 0 || strlen(argv[1]) >= sizeof address.sun_path)
		return 2;
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
		perror("greet_client");
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		int length = snprintf(line, sizeof line, "%s\n", argv[i]);

		if (write(fd, line, (size_t)length) != length || line_read(fd, line, sizeof line)) {
			fputs("greet_client: no answer\n", stderr);
			return 1;
		}
		fputs(line, stdout);
	}
	return 0;
}
