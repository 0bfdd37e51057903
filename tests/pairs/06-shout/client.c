/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char text[] = "the quick brown fox jumps over the lazy dog";

int
main(int argc, char **argv)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    char back[sizeof(text)];
    size_t n;
    ssize_t r;
    int fd;

    if (argc != 2)
	return 2;
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[1]);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (void *)&addr, sizeof(addr)) < 0) {
	perror("connect");
	return 1;
    }
    for (n = 0; n < sizeof(text); n += (size_t)r) {
	r = send(fd, text + n, sizeof(text) - n, MSG_NOSIGNAL);
	if (r < 0) {
	    perror("send");
	    return 1;
	}
    }
    for (n = 0; n < sizeof(text); n += (size_t)r) {
	r = recv(fd, back + n, sizeof(text) - n, 0);
	if (r <= 0) {
	    fprintf(stderr, "hung up\n");
	    return 1;
	}
    }
    puts(back);
    return 0;
}
