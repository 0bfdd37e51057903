/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void give(int s, const char *name, int file)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { .room = { 0 } };
	uint32_t length = (uint32_t)strlen(name);
	struct iovec iov = { &length, sizeof(length) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &file, sizeof(file));
	n = sendmsg(s, &msg, MSG_NOSIGNAL);
	if (n < 0)
		perror("sendmsg"), exit(1);
	for (; (size_t)n < sizeof(length); n++)
		if (send(s, (char *)&length + n, 1, MSG_NOSIGNAL) != 1)
			perror("send"), exit(1);
	for (uint32_t done = 0; done < length; done += (uint32_t)n)
		if ((n = send(s, name + done, length - done, MSG_NOSIGNAL)) < 0)
			perror("send"), exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	static const char content[] = "alpha\nbeta\ngamma\n";
	char line[128];
	size_t n = 0;
	ssize_t r;
	int s, file;

	if (argc != 2)
		return 2;
	file = memfd_create("notes", MFD_CLOEXEC);
	if (file < 0 || write(file, content, sizeof(content) - 1) != sizeof(content) - 1 || lseek(file, 0, SEEK_SET))
		return perror("notes"), 1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&sun, sizeof(sun)))
		return perror("connect"), 1;
	give(s, "notes.txt", file);
	while (n < sizeof(line) && !memchr(line, '\n', n)) {
		r = recv(s, line + n, sizeof(line) - n, 0);
		if (r <= 0)
			return fprintf(stderr, "no answer\n"), 1;
		n += (size_t)r;
	}
	printf("%.*s", (int)n, line);
	return 0;
}
