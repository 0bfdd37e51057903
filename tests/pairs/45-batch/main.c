/* SPDX-License-Identifier: MIT */
/* batch COUNT: numbers go to a child in batches of datagrams, the sum comes back */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 8 };

static volatile sig_atomic_t hup;

static void on_hup(int sig)
{
	(void)sig;
	hup = 1;
}

static int child(int fd)
{
	long sum = 0, count = 0;

	for (;;) {
		int v[BATCH];
		struct iovec iov[BATCH];
		struct mmsghdr m[BATCH];
		int n;

		memset(m, 0, sizeof m);
		for (int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ &v[i], sizeof v[i] };
			m[i].msg_hdr.msg_iov = &iov[i];
			m[i].msg_hdr.msg_iovlen = 1;
		}
		n = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 1;
		for (int i = 0; i < n; i++) {
			long out[2];

			if (m[i].msg_len != sizeof v[i])
				return 1;
			if (v[i] >= 0) {
				sum += v[i];
				count++;
				continue;
			}
			out[0] = count;
			out[1] = sum;
			while (send(fd, out, sizeof out, MSG_NOSIGNAL) < 0)
				if (errno != EINTR)
					return 1;
			return 0;
		}
	}
}

static int push(int fd, int *v, int n)
{
	struct iovec iov[BATCH];
	struct mmsghdr m[BATCH];

	memset(m, 0, sizeof m);
	for (int i = 0; i < n; i++) {
		iov[i] = (struct iovec){ &v[i], sizeof v[i] };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
#ifndef REPAIRED
	int k;

	do
		k = sendmmsg(fd, m, n, MSG_NOSIGNAL);
	while (k < 0 && errno == EINTR);
	return k < 0 ? -1 : 0;
#else
	for (int sent = 0; sent < n;) {
		int k = sendmmsg(fd, m + sent, n - sent, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		sent += k;
	}
	return 0;
#endif
}

int main(int argc, char **argv)
{
	int sv[2], v[BATCH], n = 0, total = argc == 2 ? atoi(argv[1]) : 0, status, rc = 1;
	struct timeval tv = { 1, 0 };
	struct sigaction sa = { .sa_handler = on_hup };
	long in[2];
	pid_t p, me = getpid();
	ssize_t k;

	if (total < 1)
		return 2;
	sigaction(SIGHUP, &sa, NULL);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sv) < 0) {
		perror("batch: socketpair");
		return 1;
	}
	p = fork();
	if (p == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != me)
			_exit(1);
		close(sv[0]);
		_exit(child(sv[1]));
	}
	close(sv[1]);
	if (p < 0) {
		perror("batch: fork");
		return 1;
	}
	setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	for (int i = 0; i <= total; i++) {
		v[n++] = i < total ? i * 7 : -1;
		if (n == BATCH || i == total) {
			if (push(sv[0], v, n) < 0) {
				perror("batch: sendmmsg");
				goto out;
			}
			n = 0;
		}
		if (hup) {
			fprintf(stderr, "batch: at %d\n", i);
			hup = 0;
		}
	}
	while ((k = recv(sv[0], in, sizeof in, 0)) < 0 && errno == EINTR)
		;
	if (k != sizeof in) {
		fprintf(stderr, "batch: no answer from the child\n");
		goto out;
	}
	printf("%ld numbers, sum %ld\n", in[0], in[1]);
	rc = 0;
out:
	if (rc)
		kill(p, SIGKILL);
	close(sv[0]);
	while (waitpid(p, &status, 0) < 0 && errno == EINTR)
		;
	if (!rc && (!WIFEXITED(status) || WEXITSTATUS(status)))
		rc = 1;
	return rc;
}
