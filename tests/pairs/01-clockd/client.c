/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const dates[] = { "2000-03-01", "1969-07-20", "2024-02-29" };

static int ask(int port, const char *date)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval patience = { .tv_sec = 3 };
	char line[64];
	size_t have = 0;
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0), len;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("clock: connect");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	len = snprintf(line, sizeof(line), "%s\n", date);
	for (int done = 0; done < len; done += (int)n) {
		n = send(fd, line + done, (size_t)(len - done), MSG_NOSIGNAL);
		if (n < 0) {
			perror("clock: send");
			return 1;
		}
	}
	while ((n = recv(fd, line + have, sizeof(line) - 1 - have, 0)) > 0 || (n < 0 && errno == EINTR))
		have += n > 0 ? (size_t)n : 0;
	close(fd);
	if (n < 0 || !have || line[have - 1] != '\n') {
		fprintf(stderr, "clock: no answer\n");
		return 1;
	}
	line[have] = '\0';
	printf("%s is day %s", date, line);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++)
		if (ask(atoi(argv[1]), dates[i]))
			return 1;
	return 0;
}
