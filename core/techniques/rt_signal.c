/* SPDX-License-Identifier: MIT */
/*
 * Real-time signals: every one is queued, in order, and carries a word of 64 bits (here: the number of the message
 * and a value that is checked). The queue has a limit (RLIMIT_SIGPENDING, of the receiver's user): sigqueue() then
 * fails with EAGAIN, and the sender has to wait until some were taken.
 *
 * The steps:
 *   server: block the signals, fork() the clients, … sigtimedwait(), sigqueue() …, wait
 *   client: … sigqueue(), sigtimedwait() …
 *
 * The signals are blocked and taken with sigtimedwait(): no handler runs, so nothing has to be async-signal-safe.
 */
#include <errno.h>
#include <signal.h>

#include "core/base/rng.h"
#include "core/include/sabot.h"
#include "core/techniques/service.h"
#include "core/techniques/shm_area.h"
#include "core/base/banned.h"

enum { SIGNAL_CLIENTS = 60, WORD_LENGTH = 8 };

struct signal_client {
	uint64_t received;
};

struct signal_server {
	const struct ref_options *o;
	struct signal_client clients[SIGNAL_CLIENTS + 1];	/* by id, from 1 */
	struct children children;
	sigset_t numbers;	/* all that is waited for */
	int pid;
};

/* What a message carries: its number above, a value that only its sender could know below. */
static uint64_t word_of(const struct ref_options *o, uint32_t client, uint64_t n)
{
	return n << 32 | (uint32_t)rng_mix(o->seed ^ rng_mix(client) ^ n);
}

static uint64_t sequence_of(uint64_t word)
{
	return word >> 32;
}

/*
 * Waits for one signal until the deadline (0: none), for a slice at most: LINK_OK, LINK_SILENT or LINK_FAILED
 * (said).
 */
static enum link_end signal_take(const sigset_t *numbers, siginfo_t *info, int64_t deadline_ns)
{
	int64_t end_ns = shm_slice_end(deadline_ns);
	int number;

	/* EINTR: the handler of another signal ran. Nothing is wrong, and something may be queued all the same. */
	do {
		int64_t left = end_ns - now_ns();
		struct timespec t = { .tv_sec = 0, .tv_nsec = left > 0 ? left : 0 };

		number = sigtimedwait(numbers, info, &t);
	} while (number < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	if (number > 0)
		return LINK_OK;
	if (errno == EAGAIN)
		return LINK_SILENT;
	say_errno("sigtimedwait");
	return LINK_FAILED;
}

/* Queues one word: LINK_OK; LINK_CLOSED: no such process; LINK_SILENT: no room within the patience. */
static enum link_end word_send(int pid, uint64_t word)
{
	union sigval value = { .sival_ptr = (void *)(uintptr_t)word };
	int64_t deadline_ns = now_ns() + PATIENCE_NS;

	while (sigqueue(pid, SIGRTMIN + 1, value) < 0) {
		/* Mistake: the queue was full, and the signal that found no room is taken for sent. */
		if (errno == EAGAIN && mistake(MQ_FULL_AS_SENT))
			return LINK_OK;
		if (errno == ESRCH || shm_process_gone(pid))
			return LINK_CLOSED;
		if (errno != EAGAIN) {
			say_errno("sigqueue");
			return LINK_FAILED;
		}
		if (now_ns() >= deadline_ns)
			return LINK_SILENT;
		nanosleep(&(struct timespec){ .tv_nsec = MS }, NULL);	/* the receiver takes some meanwhile */
	}
	return LINK_OK;
}

/* ---- the client ---- */

static int client_failed(const struct ref_options *o, enum link_end end, uint64_t answered, uint64_t sent)
{
	if (end == LINK_CLOSED)
		for (uint64_t n = answered + 1; n <= sent; n++)
			sabot_gave_up(o->client, SERVER_ID, n);
	if (end == LINK_FAILED)
		return 1;
	return say("message %llu: %s", (unsigned long long)answered + 1,
		end == LINK_CLOSED ? "the server has gone" : "no answer within 2 s");
}

/* Takes one answer: LINK_OK and *answered grows. */
static enum link_end answer_take(const struct ref_options *o, const struct signal_server *s, uint64_t *answered)
{
	int64_t deadline_ns = now_ns() + PATIENCE_NS;

	while (now_ns() < deadline_ns) {
		siginfo_t info;
		enum link_end end = signal_take(&s->numbers, &info, deadline_ns);
		uint64_t word;

		if (end == LINK_FAILED)
			return end;
		if (end == LINK_SILENT && getppid() != s->pid)
			return LINK_CLOSED;
		if (end != LINK_OK || info.si_pid != s->pid)
			continue;
		word = (uintptr_t)info.si_value.sival_ptr;
		sabot_received(SERVER_ID, o->client, sequence_of(word), WORD_LENGTH, word);
		if (word != word_of(o, o->client, *answered + 1)) {
			say("the answer to message %llu is another one", (unsigned long long)*answered + 1);
			return LINK_FAILED;
		}
		++*answered;
		return LINK_OK;
	}
	return LINK_SILENT;
}

static int client_run(const struct ref_options *o, void *data)
{
	const struct signal_server *s = data;
	bool answers = pattern_answers(o->pattern);
	uint64_t sent = 0, answered = 0;

	while (sent < o->messages || (answers && answered < o->messages)) {
		enum link_end end = LINK_OK;

		while (end == LINK_OK && sent < o->messages && (!answers || sent - answered < o->window)) {
			uint64_t word = word_of(o, o->client, ++sent);

			sabot_sent(o->client, SERVER_ID, sent, WORD_LENGTH, word);
			end = word_send(s->pid, word);
			if (end == LINK_SILENT)
				sabot_gave_up(o->client, SERVER_ID, sent);
		}
		if (end == LINK_OK && answers)
			end = answer_take(o, s, &answered);
		if (end != LINK_OK)
			return client_failed(o, end, answered, sent);
	}
	return answers ? client_summary(o, "%u sent, %llu answered", o->messages, (unsigned long long)answered) :
			 client_summary(o, "%u sent", o->messages);
}

/* ---- the server ---- */

static uint32_t client_of(const struct signal_server *s, int pid)
{
	for (uint32_t i = 0; i < s->children.n; i++)
		if (s->children.pids[i] == pid)
			return i + 1;
	return 0;
}

static void pace(const struct ref_options *o)
{
	struct timespec t = { .tv_sec = o->pace_ns / 1000000000, .tv_nsec = o->pace_ns % 1000000000 };

	while (o->pattern == PATTERN_SLOW_READER && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/*
 * 0, or 1: the server cannot go on (said). A client that does not take its answers spoils only its own
 * conversation.
 */
static int message_serve(struct signal_server *s, uint32_t id, uint64_t word)
{
	struct signal_client *c = &s->clients[id];
	enum link_end end = LINK_OK;

	sabot_received(id, SERVER_ID, sequence_of(word), WORD_LENGTH, word);
	if (word != word_of(s->o, id, sequence_of(word))) {
		say("message %llu of client %u is damaged", (unsigned long long)sequence_of(word), id);
		return 0;
	}
	c->received++;
	pace(s->o);
	if (pattern_answers(s->o->pattern)) {
		sabot_sent(SERVER_ID, id, sequence_of(word), WORD_LENGTH, word);
		end = word_send(s->children.pids[id - 1], word);
	}
	if (end == LINK_SILENT || end == LINK_CLOSED)
		sabot_gave_up(SERVER_ID, id, sequence_of(word));
	return end == LINK_FAILED;
}

static bool clients_over(const struct signal_server *s)
{
	bool all = true, gone = true;

	for (uint32_t id = 1; id <= s->children.n; id++) {
		all &= s->clients[id].received >= s->o->messages;
		gone &= shm_process_gone(s->children.pids[id - 1]);
	}
	return all || gone;
}

/* Serves until every client has sent all, or has ended and nothing of it is queued any more. */
static int signals_serve(struct signal_server *s)
{
	bool over = false;
	int status = 0;

	for (;;) {
		siginfo_t info = { .si_signo = 0 };
		enum link_end end = signal_take(&s->numbers, &info, over ? now_ns() : 0);
		uint32_t id = end == LINK_OK && info.si_signo != SIGCHLD ? client_of(s, info.si_pid) : 0;

		if (end == LINK_FAILED)
			return 1;
		if (over && end == LINK_SILENT)
			break;
		if (id && message_serve(s, id, (uintptr_t)info.si_value.sival_ptr))
			return 1;
		if (!id)
			over = clients_over(s);
	}
	for (uint32_t id = 1; id <= s->children.n; id++)
		if (s->clients[id].received != s->o->messages)
			status = say("client %u ended after %llu of %u messages", id,
				(unsigned long long)s->clients[id].received, s->o->messages);
	return status;
}

static int rt_signal_serve(const struct ref_options *o)
{
	struct signal_server s = { .o = o, .pid = getpid() };
	int status = 0;

	if (o->n_clients > SIGNAL_CLIENTS)
		return say("there is room for %d clients", SIGNAL_CLIENTS);
	sigemptyset(&s.numbers);
	sigaddset(&s.numbers, SIGRTMIN + 1);
	sigaddset(&s.numbers, SIGCHLD);
	/* Before the fork: a signal that comes when it is not blocked yet would end the process. */
	if (sigprocmask(SIG_BLOCK, &s.numbers, NULL) < 0)
		return say_errno("sigprocmask");
	stop_at_once(NULL);	/* there is nothing to remove */
	for (uint32_t id = 1; status == 0 && id <= o->n_clients; id++)
		status = child_start(&s.children, o, id, client_run, &s);
	if (status == 0) {
		server_ready();
		status = signals_serve(&s);
	}
	return children_wait(&s.children) | status;
}

const struct technique technique_rt_signal = {
	.name = "rt-signal", .serve = rt_signal_serve,
};
