/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N 3

static void producer(mqd_t q)
{
	for (int i = 0; i < N; i++) {
		struct timespec t = { 0, 15000000 };
		char m[32];
		nanosleep(&t, NULL);
		snprintf(m, sizeof m, "message %d", i);
		while (mq_send(q, m, strlen(m) + 1, 0) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				_exit(1);
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		}
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	struct mq_attr a = { .mq_maxmsg = 8, .mq_msgsize = 64 };
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	sigset_t set;
	int got = 0, st, rc = 0;
	mqd_t q = mq_open(argv[1], O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, &a);

	if (q == (mqd_t)-1) {
		perror("mq_open");
		return 1;
	}
	mq_unlink(argv[1]);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	mq_notify(q, &ev);
	pid_t p = fork();
	if (p == 0)
		producer(q);
	if (p < 0) {
		perror("fork");
		return 1;
	}
	while (got < N && !rc) {
		struct timespec limit = { 1, 0 };
		char m[64];

		if (sigtimedwait(&set, NULL, &limit) < 0) {
			if (errno == EINTR)
				continue;
			fprintf(stderr, "no message in time\n");
			rc = 1;
			break;
		}
#ifndef REPAIRED
		while (mq_receive(q, m, sizeof m, NULL) >= 0) {
			puts(m);
			got++;
		}
		mq_notify(q, &ev);
#else
		do {
			if (mq_notify(q, &ev) < 0 && errno != EBUSY) {
				perror("mq_notify");
				rc = 1;
			}
			while (mq_receive(q, m, sizeof m, NULL) >= 0) {
				puts(m);
				got++;
			}
		} while (errno == EINTR);
#endif
	}
	while (waitpid(p, &st, 0) < 0 && errno == EINTR)
		;
	return rc || st != 0;
}
