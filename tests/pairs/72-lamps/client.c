/* SPDX-License-Identifier: MIT */
/* Switches a lamp of its own on and off, and says what the lamp says. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "switch: %s: %s\n", what, errno ? strerror(errno) : "nothing comes");
	return 1;
}

static ssize_t hand_over(int s, char on, int lamp)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control = { .room = { 0 } };
	struct iovec iov = { &on, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &lamp, sizeof(lamp));
	while ((n = sendmsg(s, &msg, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || s < 0)
		return fail("socket");
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[1]);
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun)))
		return fail("connect");
	for (int i = 0; i < 2; i++) {
		char says[4] = "";
		int lamp[2];
		size_t have = 0;
		ssize_t n = 0;

		if (pipe(lamp))
			return fail("pipe");
		n = hand_over(s, i ? '0' : '1', lamp[1]);
		if (n < 0)
			return fail("sendmsg");
		close(lamp[1]);
		/* to the end: the server closes the lamp */
		while (have < sizeof(says) - 1 && (n = read(lamp[0], says + have, sizeof(says) - 1 - have)) != 0) {
			if (n < 0 && errno != EINTR)
				return fail("read");
			have += n > 0 ? (size_t)n : 0;
		}
		errno = 0;
		if (have < 2)
			return fail("read");
		printf("the lamp is %s\n", says);
		close(lamp[0]);
	}
	return 0;
}
