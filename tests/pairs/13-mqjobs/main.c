/* SPDX-License-Identifier: MIT */
/* Hands out jobs through a message queue to a worker; the queue must never hold up the one who hands out. */
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

struct job {
	int number, operand;
};

static int work(const char *name)
{
	mqd_t q = mq_open(name, O_RDONLY);
	struct timespec until;
	struct job j;
	int n = 0;
	long sum = 0;

	if (q == (mqd_t)-1) {
		perror("worker: mq_open");
		return 1;
	}
	for (;;) {
		ssize_t r;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 1;
		r = mq_timedreceive(q, (char *)&j, sizeof(j), NULL, &until);
		if (r < 0 && errno == EINTR)
			continue;
		if (r != sizeof(j)) {
			perror("worker: mq_receive");
			return 1;
		}
		if (j.number < 0)
			break;
		n++;
		sum += (long)j.operand * j.operand;
	}
	printf("%d jobs, sum %ld\n", n, sum);
	fflush(stdout);
	mq_close(q);
	return 0;
}

static int hand_out(mqd_t q, const struct job *j)
{
	while (mq_send(q, (const char *)j, sizeof(*j), 0) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
#ifdef REPAIRED
		struct timespec ts = { .tv_nsec = 1000000 };

		nanosleep(&ts, NULL);
#else
		break;
#endif
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct mq_attr attr = { .mq_maxmsg = 8, .mq_msgsize = sizeof(struct job) };
	const char *name = argc > 1 ? argv[1] : "/jobs";
	struct job last = { -1, 0 };
	int status = 1, bad = 0;
	pid_t pid;
	mqd_t q;

	mq_unlink(name);		/* a former run may have been killed */
	q = mq_open(name, O_CREAT | O_EXCL | O_WRONLY | O_NONBLOCK, 0600, &attr);
	if (q == (mqd_t)-1) {
		perror("mq_open");
		return 1;
	}
	pid = fork();
	if (pid == 0)
		_exit(work(name));
	if (pid < 0) {
		perror("fork");
		mq_unlink(name);
		return 1;
	}
	for (int i = 0; i < 6 && !bad; i++)
		bad = hand_out(q, &(struct job){ i, i + 2 });
	if (bad)
		perror("mq_send");
	bad |= hand_out(q, &last);
	if (bad)
		kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	mq_unlink(name);
	return bad || !WIFEXITED(status) || WEXITSTATUS(status);
}
