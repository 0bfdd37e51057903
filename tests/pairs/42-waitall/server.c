/* SPDX-License-Identifier: MIT */
/*
 * recd -- takes fixed-size measurement records and gives back running totals.
 *
 * MSG_WAITALL does the waiting for whole records.  SIGUSR1 makes it write
 * statistics to stderr.
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
#include <unistd.h>

typedef struct record {
	uint32_t station;
	int32_t value[15];
} record_t;

static char *sockname;
static volatile sig_atomic_t stats;
static unsigned long nrecords;

static void handler(int signo)
{
	if (signo == SIGUSR1) {
		stats = 1;
		return;
	}
	unlink(sockname);
	_exit(0);
}

static int get_record(int fd, record_t *r)
{
#ifndef REPAIRED
	ssize_t n;

	do
		n = recv(fd, r, sizeof(*r), MSG_WAITALL);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		return 0;
	return n == sizeof(*r) ? 1 : -1;
#else
	size_t have = 0;

	while (have < sizeof(*r)) {
		ssize_t n = recv(fd, (char *)r + have, sizeof(*r) - have, MSG_WAITALL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			return have ? -1 : 0;
		have += n;
	}
	return 1;
#endif
}

static int put_total(int fd, int64_t total)
{
	const char *p = (const char *)&total;
	size_t left = sizeof(total);

	while (left > 0) {
		ssize_t n = send(fd, p, left, MSG_NOSIGNAL);

		if (n == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += n;
		left -= n;
	}
	return 0;
}

static void converse(int fd)
{
	struct timeval tv = { 1, 0 };
	int64_t total = 0;
	record_t r;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (get_record(fd, &r) == 1) {
		nrecords++;
		for (int i = 0; i < 15; i++)
			total += r.value[i];
		if (put_total(fd, total) == -1)
			break;
		if (stats) {
			fprintf(stderr, "recd: %lu records\n", nrecords);
			stats = 0;
		}
	}
}

int main(int argc, char *argv[])
{
	struct sockaddr_un addr;
	struct sigaction sa;
	int lfd;

	if (argc != 2) {
		fprintf(stderr, "usage: %s SOCKET\n", argv[0]);
		return 2;
	}
	sockname = argv[1];
	memset(&addr, 0, sizeof(addr));
	addr.sun_family = AF_UNIX;
	strncpy(addr.sun_path, sockname, sizeof(addr.sun_path) - 1);
	lfd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (lfd == -1) {
		perror("recd: socket");
		return 1;
	}
	if (bind(lfd, (struct sockaddr *)&addr, sizeof(addr)) == -1 || listen(lfd, 8) == -1) {
		perror("recd: bind");
		close(lfd);
		return 1;
	}
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	printf("recd is ready\n");
	fflush(stdout);
	for (;;) {
		int fd = accept(lfd, NULL, NULL);

		if (fd == -1) {
			if (errno != EINTR && errno != ECONNABORTED)
				usleep(50000);
			continue;
		}
		converse(fd);
		close(fd);
	}
}
