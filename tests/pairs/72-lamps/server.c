/* SPDX-License-Identifier: MIT */
/* lamps SOCKET: writes "on" or "off" into the pipe that comes with each switch. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *path;

static void on_term(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

/* One switch of a client; false: there are no more. */
static int serve(int conn)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control;
	char on;
	struct iovec iov = { &on, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;
	ssize_t n;
	int lamp;

	while ((n = recvmsg(conn, &msg, 0)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return 0;
	c = CMSG_FIRSTHDR(&msg);
#ifdef REPAIRED
	/* short of descriptors, the kernel gives the message alone */
	if (!c || c->cmsg_type != SCM_RIGHTS) {
		fputs("lamps: a switch without a lamp\n", stderr);
		return 0;
	}
#endif
	memcpy(&lamp, CMSG_DATA(c), sizeof(lamp));
	if (write(lamp, on == '1' ? "on" : "off", on == '1' ? 2 : 3) < 0)
		perror("lamps: write");
	close(lamp);
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2)
		return 2;
	path = argv[1];
	signal(SIGTERM, on_term);
	signal(SIGPIPE, SIG_IGN);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) || listen(s, 4)) {
		perror("lamps");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int conn = accept(s, NULL, NULL);

		if (conn < 0) {
			if (errno != EINTR)
				usleep(2000);
			continue;
		}
		while (serve(conn))
			;
		close(conn);
	}
}
