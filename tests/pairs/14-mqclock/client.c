/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

static int ask(mqd_t to, mqd_t from, struct request *rq)
{
	struct timespec until;
	struct answer an;
	ssize_t n;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	while (mq_timedsend(to, (char *)rq, sizeof(*rq), 0, &until) < 0)
		if (errno != EINTR)
			return -1;
	while ((n = mq_timedreceive(from, (char *)&an, sizeof(an), NULL, &until)) < 0)
		if (errno != EINTR)
			return -1;
	if (n != sizeof(an) || an.id != rq->id)
		return -1;
	printf("%d min = %s\n", rq->minutes, an.text);
	return 0;
}

int main(int argc, char **argv)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = sizeof(struct answer) };
	struct request rq;
	mqd_t to, from;
	int bad = 0;

	if (argc != 2)
		return 2;
	memset(&rq, 0, sizeof(rq));
	snprintf(rq.reply, sizeof(rq.reply), "%s-%d", argv[1], (int)getpid());
	to = mq_open(argv[1], O_WRONLY);
	if (to == (mqd_t)-1) {
		perror("mq_open");
		return 1;
	}
	from = mq_open(rq.reply, O_CREAT | O_RDONLY, 0600, &attr);
	if (from == (mqd_t)-1) {
		perror("mq_open");
		return 1;
	}
	for (rq.id = 1; rq.id <= 3 && !bad; rq.id++) {
		rq.minutes = rq.id * 95;
		bad = ask(to, from, &rq);
	}
	if (bad)
		perror("no answer");
	mq_unlink(rq.reply);
	return bad ? 1 : 0;
}
