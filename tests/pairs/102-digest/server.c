/* SPDX-License-Identifier: MIT */
/*
 * digestd: records of 96 KiB, digest of 4 bytes.  A child a client.
 * Children count their records when asked by SIGUSR2.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD (96 * 1024)

static struct sockaddr_un un = { .sun_family = AF_UNIX };
static volatile sig_atomic_t asked;

static void usr2(int s) { (void)s; asked = 1; }
static void term(int s) { (void)s; unlink(un.sun_path); _exit(0); }

static void chld(int s)
{
	int e = errno;
	(void)s;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = e;
}

/* 1 record, 0 end, -1 broken */
static int get_record(int fd, unsigned char *rec)
{
	size_t got = 0;

#ifndef REPAIRED
again:
	got = 0;
#endif
	while (got < RECORD) {
		ssize_t n = read(fd, rec + got, RECORD - got);
		if (n < 0 && errno == EINTR) {
#ifdef REPAIRED
			continue;
#else
			goto again;
#endif
		}
		if (n < 0 || (n == 0 && got))
			return -1;
		if (n == 0)
			return 0;
		got += n;
	}
	return 1;
}

static int child(int fd)
{
	static unsigned char rec[RECORD];
	unsigned count = 0;
	int rc;

	while ((rc = get_record(fd, rec)) > 0) {
		uint32_t d = 2166136261u;
		size_t o = 0;
		for (size_t i = 0; i < RECORD; i++)
			d = (d ^ rec[i]) * 16777619u;
		count++;
		while (o < sizeof d) {
			ssize_t n = send(fd, (char *)&d + o, sizeof d - o, MSG_NOSIGNAL);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return 1;
			o += n;
		}
		if (asked) {
			asked = 0;
			fprintf(stderr, "digestd: %u records\n", count);
		}
	}
	return rc < 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = usr2 };
	struct timeval tv = { 2, 0 };
	int l;

	if (argc != 2)
		return 2;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l < 0 || bind(l, (void *)&un, sizeof un) || listen(l, 5))
		return perror("digestd"), 1;
	sigaction(SIGUSR2, &sa, NULL);
	sa.sa_handler = chld;
	sigaction(SIGCHLD, &sa, NULL);
	sa.sa_handler = term;
	sigaction(SIGTERM, &sa, NULL);
	puts("digestd");
	fflush(stdout);
	for (;;) {
		int fd = accept(l, NULL, NULL);
		pid_t pid;
		if (fd < 0) {
			if (errno != EINTR && errno != ECONNABORTED)
				usleep(10000);
			continue;
		}
		pid = fork();
		if (pid == 0) {
			signal(SIGTERM, SIG_DFL);
			close(l);
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
			_exit(child(fd));
		}
		if (pid < 0)
			perror("digestd: fork");
		close(fd);
	}
}
