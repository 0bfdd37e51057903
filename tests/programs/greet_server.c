/* SPDX-License-Identifier: MIT */
/*
 * greet_server SOCKET: answers each line NAME with "Hello, NAME!". The program that README.md tests: it looks right,
 * and takes one read() for one line.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;

static void stop(int signal)
{
	(void)signal;
	unlink(path);
	_exit(0);
}

static void serve(int client)
{
	char name[256], answer[300];
	ssize_t n;

	while ((n = read(client, name, sizeof name - 1)) > 0) {
		name[n] = '\0';
		name[strcspn(name, "\n")] = '\0';
		int length = snprintf(answer, sizeof answer, "Hello, %s!\n", name);

		if (write(client, answer, (size_t)length) != length)
			break;
	}
	close(client);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int master, client;

	if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path)
		return 2;
	path = argv[1];
	memcpy(address.sun_path, path, strlen(path));
	master = socket(AF_UNIX, SOCK_STREAM, 0);
	if (master < 0 || bind(master, (struct sockaddr *)&address, sizeof address) || listen(master, 8)) {
		perror("greet_server");
		return 1;
	}
	signal(SIGTERM, stop);
	signal(SIGPIPE, SIG_IGN);
	while ((client = accept(master, NULL, NULL)) >= 0)
		serve(client);
	unlink(path);
	return 1;
}
