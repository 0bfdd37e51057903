/* SPDX-License-Identifier: MIT */
/* mqclock NAME: converts minutes to hours:minutes for whoever writes to the queue; SIGHUP would reread its settings. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wire.h"

static volatile sig_atomic_t reread;
static const char *name;

static void hup(int sig)
{
	(void)sig;
	reread = 1;
}

static void term(int sig)
{
	(void)sig;
	mq_unlink(name);
	_exit(0);
}

static void handle(const struct request *rq)
{
	struct answer an = { rq->id, "" };
	mqd_t to = mq_open(rq->reply, O_WRONLY | O_NONBLOCK);

	if (to == (mqd_t)-1)
		return;
	snprintf(an.text, sizeof(an.text), "%d:%02d", rq->minutes / 60, rq->minutes % 60);
	while (mq_send(to, (char *)&an, sizeof(an), 0) < 0 && (errno == EINTR || errno == EAGAIN))
		usleep(1000);
	mq_close(to);
}

int main(int argc, char **argv)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = sizeof(struct request) };
	struct sigaction sa = { .sa_handler = hup };
	struct request rq;
	mqd_t q;

	if (argc != 2)
		return 2;
	name = argv[1];
	q = mq_open(name, O_CREAT | O_RDONLY, 0600, &attr);
	if (q == (mqd_t)-1) {
		perror(name);
		return 1;
	}
	sigaction(SIGHUP, &sa, NULL);
	sa.sa_handler = term;
	sigaction(SIGTERM, &sa, NULL);
	puts("listening");
	fflush(stdout);
	for (;;) {
		ssize_t n = mq_receive(q, (char *)&rq, sizeof(rq), NULL);

		if (reread) {
			reread = 0;
			fprintf(stderr, "mqclock: nothing to reread\n");
		}
#ifdef REPAIRED
		if (n < 0 && errno == EINTR)
			continue;
#endif
		if (n != sizeof(rq))
			break;
		handle(&rq);
	}
	perror("mqclock: mq_receive");
	mq_unlink(name);
	return 1;
}
