/* SPDX-License-Identifier: MIT */
/* fdpass SOCKET: gets open files from its clients and says how many lines and bytes they have. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
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

static int rest(int fd, char *to, size_t n)
{
	while (n) {
		ssize_t r = read(fd, to, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		to += r;
		n -= (size_t)r;
	}
	return 0;
}

/* The length of the name comes with the descriptor; the name itself comes after it. */
static int receive(int conn, char *name, size_t size)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control;
	uint32_t length;
	struct iovec iov = { &length, sizeof(length) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
			      .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;
	int file = -1;
	ssize_t n;

	while ((n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&file, CMSG_DATA(c), sizeof(file));
	if (file < 0)
		return -1;
	if (((size_t)n < sizeof(length) && rest(conn, (char *)&length + n, sizeof(length) - (size_t)n)) ||
		length >= size || rest(conn, name, length)) {
#ifdef REPAIRED
		close(file);
#endif
		return -1;
	}
	name[length] = '\0';
	return file;
}

static int report(int conn, const char *name, int file)
{
	char buf[512];
	long bytes = 0, lines = 0;
	ssize_t n;
	int len;

	while ((n = read(file, buf, sizeof(buf))) > 0) {
		bytes += n;
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
	}
	len = snprintf(buf, sizeof(buf), "%s: %ld lines, %ld bytes\n", name, lines, bytes);
	for (int done = 0; done < len; done += (int)n) {
		n = send(conn, buf + done, (size_t)(len - done), MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char name[64];
	int s;

	if (argc != 2)
		return 2;
	path = argv[1];
	signal(SIGTERM, on_term);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) || listen(s, 4)) {
		perror("fdpass");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int conn = accept(s, NULL, NULL), file;

		if (conn < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		while ((file = receive(conn, name, sizeof(name))) >= 0) {
			int r = report(conn, name, file);

			close(file);
			if (r < 0)
				break;
		}
		close(conn);
	}
}
