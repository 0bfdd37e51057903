/* SPDX-License-Identifier: MIT */
/* squared: squares over POSIX message queues */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct request {
	int id;
	int value;
	char reply_to[48];
};
struct reply {
	int id;
	int value;
};

static volatile sig_atomic_t done;

static void on_term(int sig)
{
	(void)sig;
	done = 1;
}

static struct timespec in_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L)
		t.tv_sec++, t.tv_nsec -= 1000000000L;
	return t;
}

int main(int argc, char *argv[])
{
	struct mq_attr attr = { .mq_maxmsg = 8, .mq_msgsize = sizeof(struct request) };
	struct sigaction sa = { .sa_handler = on_term };
	mqd_t in;

	if (argc != 2) {
		fprintf(stderr, "usage: squared QUEUE\n");
		return 2;
	}
	sigaction(SIGTERM, &sa, NULL);
	in = mq_open(argv[1], O_RDONLY | O_CREAT | O_EXCL, 0600, &attr);
	if (in == (mqd_t)-1) {
		perror("squared: mq_open");
		return 1;
	}
	puts("serving");
	fflush(stdout);
	while (!done) {
		struct request rq;
		struct reply rp;
		struct timespec t = in_ms(500); /* to see `done` in any case */
		ssize_t n = mq_timedreceive(in, (char *)&rq, sizeof rq, NULL, &t);
		mqd_t out;

		if (n < 0) {
			if (errno == EINTR || errno == ETIMEDOUT)
				continue;
			perror("squared: mq_receive");
			break;
		}
		if (n != sizeof rq)
			continue;
		rq.reply_to[sizeof rq.reply_to - 1] = 0;
		out = mq_open(rq.reply_to, O_WRONLY | O_NONBLOCK);
		if (out == (mqd_t)-1)
			continue; /* gone */
		rp.id = rq.id;
		rp.value = rq.value * rq.value;
		if (mq_send(out, (char *)&rp, sizeof rp, 0) < 0)
			perror("squared: reply"); /* the client asks again */
		mq_close(out);
	}
	mq_close(in);
	mq_unlink(argv[1]);
	return 0;
}
