/* SPDX-License-Identifier: MIT */
/* forkd SOCKET: one child a client; adds up the numbers that it is sent, a line each. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *sockpath;

static void on_term(int sig)
{
	(void)sig;
	unlink(sockpath);
	_exit(0);
}

static void on_child(int sig)
{
	int saved = errno;

	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void child(int fd)
{
	char buf[128], out[32];
	long sum = 0, cur = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				cur = cur * 10 + buf[i] - '0';
				continue;
			}
			sum += cur;
			cur = 0;
			if (buf[i] != '.')
				continue;
			n = snprintf(out, sizeof(out), "%ld\n", sum);
			for (ssize_t k = 0, w; k < n; k += w)
				if ((w = write(fd, out + k, (size_t)(n - k))) < 0)
					_exit(1);
			_exit(0);
		}
	}
	_exit(0);
}

int main(int argc, char *argv[])
{
	struct sigaction act;
	struct sockaddr_un sun;
	int master;

	if (argc != 2)
		exit(2);
	sockpath = argv[1];
	memset(&act, 0, sizeof(act));
	act.sa_handler = on_child;
	act.sa_flags = SA_RESTART | SA_NOCLDSTOP;
	sigaction(SIGCHLD, &act, NULL);
	act.sa_handler = on_term;
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strncpy(sun.sun_path, sockpath, sizeof(sun.sun_path) - 1);
	if ((master = socket(AF_UNIX, SOCK_STREAM, 0)) < 0 ||
		bind(master, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(master, 5) < 0) {
		perror("forkd");
		exit(1);
	}
	printf("listening on %s\n", sockpath);
	fflush(stdout);
	for (;;) {
		int fd = accept(master, NULL, NULL);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		switch (fork()) {
		case 0:
			close(master);
			child(fd);
		case -1:
			perror("forkd: fork");
#ifndef REPAIRED
			continue;
#endif
		default:
			close(fd);
		}
	}
}
