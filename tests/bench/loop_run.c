/* SPDX-License-Identifier: MIT */
/* Runs a loop between two processes and times it. */
#include "tests/bench/loops.h"

#include <errno.h>

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/techniques/message.h"
#include "tests/bench/bench.h"

/* One run. */
struct job {
	const struct loop *loop;
	unsigned long n;		/* messages */
	unsigned long credit;		/* after so many the receiver has to answer; 0: only after the last */
	struct message *m, *reply;
	int empty;			/* nothing is in the messages, and nobody looks */
};

/* Messages before the receiver has to answer: 0 never, 1 always. */
static unsigned long loop_credit(const struct loop *loop, size_t size)
{
	if (loop->coalesces)
		return 1;
	if (!loop->loses)
		return 0;
	/* A datagram costs its receive buffer more than its bytes: beyond a few hundred, whole pages. */
	return size <= 256 ? 64 : size <= 8192 ? 12 : 1;
}

static int answers(const struct job *j, unsigned long i)
{
	return (j->credit && i % j->credit == 0) || i == j->n;
}

/* Sends the i-th message from this side. */
static int message_send(const struct job *j, struct ends *e, unsigned long i)
{
	static const struct route there = { .sender = 1, .receiver = SERVER_ID, .session = 1 };

	if (!j->empty)
		message_data(j->m, there, i, (uint32_t)(e->size - MESSAGE_HEADER), 1);
	return j->loop->send(e, 0, j->m);
}

/* Receives the i-th message; `sum` is what its payload sums up to. */
static int message_receive(const struct job *j, struct ends *e, int side, unsigned long i, uint64_t *sum)
{
	if (j->loop->receive(e, side, j->m))
		return -1;
	if (j->empty)
		return 0;
	*sum = message_payload_sum(j->m);
	return j->m->sequence == i && message_sum_with(j->m, *sum) == j->m->checksum ? 0 : -1;
}

static int message_answer(const struct job *j, struct ends *e, uint64_t sum)
{
	static const struct route back = { .sender = SERVER_ID, .receiver = 1, .session = 1 };

	if (j->empty)
		return j->loop->send(e, 1, j->m);
	message_echo(j->reply, j->m, back, sum);
	return j->loop->send(e, 1, j->reply);
}

static int child_work(const struct job *j, struct ends *e)
{
	uint64_t sum = 0;

	for (unsigned long i = 1; i <= j->n; i++) {
		if (message_receive(j, e, 1, i, &sum))
			return 1;
		if (answers(j, i) && message_answer(j, e, sum))
			return 1;
	}
	return 0;
}

static int parent_work(const struct job *j, struct ends *e)
{
	uint64_t sum;

	for (unsigned long i = 1; i <= j->n; i++)
		if (message_send(j, e, i) || (answers(j, i) && message_receive(j, e, 0, i, &sum)))
			return 1;
	return 0;
}

/* Sends n messages and takes an answer to every `credit` of them and to the last. Seconds, or negative. */
static double loop_run(const struct loop *loop, size_t size, unsigned long n, unsigned long credit, int bare)
{
	/* A System V message has its type before its bytes: there is room for it. */
	static unsigned char rooms[2][sizeof(struct message) + 64] __attribute__((aligned(64)));
	struct ends e = { .fd = { { -1, -1 }, { -1, -1 } }, .semaphores = -1,
		.size = loop->fixed ? loop->fixed : size + MESSAGE_HEADER };
	struct job job = { .loop = loop, .n = n, .credit = credit, .empty = bare || loop->fixed,
		.m = (struct message *)(rooms[0] + 32), .reply = (struct message *)(rooms[1] + 32) };
	double seconds = -1;
	int bad, status = 1;
	pid_t pid;

	if (loop->open(&e)) {
		loop->close(&e);
		return -1;
	}
	e.pid[0] = getpid();
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(child_work(&job, &e));
	}
	e.pid[1] = pid;

	uint64_t start = now_ns();

	bad = pid < 0 || parent_work(&job, &e);
	seconds = (double)(now_ns() - start) / 1e9;
	if (bad && pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0)
		waitpid(pid, &status, 0);
	loop->close(&e);
	return bad || status ? -1 : seconds;
}

double loop_round_trip(const struct loop *loop, size_t size, unsigned long n, int bare)
{
	double seconds = loop_run(loop, size, n, 1, bare);

	return seconds < 0 ? -1 : seconds * 1e6 / (double)n;
}

double loop_one_way(const struct loop *loop, size_t size, unsigned long n, int bare)
{
	double seconds = loop_run(loop, size, n, loop_credit(loop, size), bare);

	return seconds < 0 ? -1 : (double)n / seconds;
}
