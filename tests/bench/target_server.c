/* SPDX-License-Identifier: MIT */
/* Half of the pair that is started again and again: answers one client until it hangs up. target_server SOCKET */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int write_all(int fd, const char *from, size_t n)
{
	while (n) {
		ssize_t done = write(fd, from, n);

		if (done <= 0)
			return -1;
		from += done;
		n -= (size_t)done;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int master, client;
	char message[64];

	if (argc != 2 || snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]) < 1)
		return 2;
	unlink(argv[1]);
	master = socket(AF_UNIX, SOCK_STREAM, 0);
	if (master < 0 || bind(master, (struct sockaddr *)&address, sizeof address) || listen(master, 4))
		return 1;
	client = accept(master, NULL, NULL);
	if (client < 0)
		return 1;
	for (;;) {
		ssize_t n = read(client, message, sizeof message);

		if (n <= 0 || write_all(client, message, (size_t)n))
			break;
	}
	close(client);
	close(master);
	unlink(argv[1]);
	return 0;
}
