/* SPDX-License-Identifier: MIT */
/*
 * System V message queues: whole messages with a type, kept by the kernel. The receiver selects by type, so one queue
 * can serve many: here all requests go through one queue, all answers through another, and the type of an answer is
 * the id of the client that it is for.
 *
 * The steps:
 *   server: remove old queues, make both, … msgrcv, msgsnd …, remove
 *   client: get both queues by their keys, … msgsnd, msgrcv …
 *
 * Two queues, not one: if requests could fill the room that answers need, everybody would wait for everybody.
 */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#include "core/techniques/impl.h"
#include "core/techniques/shm_area.h"
#include "core/base/banned.h"

enum {
	QUEUE_BYTES = 16384,	/* msgmnb: bytes that a queue takes, unless the administrator allows more */
	TEXT_MAX = 8192,	/* msgmax */
	CLIENTS = 64,
};

/* What goes through a queue. */
struct text {
	long type;		/* the client's id, both ways; > 0 */
	struct message message;
};

struct queue_link {
	struct link link;
	const struct ref_options *o;
	int requests, answers;		/* queue ids; -1 none */
	int pids[CLIENTS + 1];		/* the server's: process of client i, as its messages said */
	struct text text;
};

static struct queue_link queues = { .requests = -1, .answers = -1 };

static void queues_remove(void)
{
	if (queues.requests >= 0)
		msgctl(queues.requests, IPC_RMID, NULL);
	if (queues.answers >= 0)
		msgctl(queues.answers, IPC_RMID, NULL);
	queues.requests = queues.answers = -1;
}

/* ---- msgsnd() and msgrcv() have no timeout: the clock ends them ---- */

/*
 * What a failed call means: LINK_OK to try again. EIDRM: the queue was removed while we waited; EINVAL: before that.
 */
static enum link_end failure_judge(const char *call, int64_t deadline_ns)
{
	if (errno == EIDRM || errno == EINVAL)
		return LINK_CLOSED;
	/* Mistake: a signal ended the wait (here even the ticking of the clock), and nothing is wrong. */
	if (errno != EINTR || mistake(NO_EINTR_RETRY)) {
		say_errno("%s", call);
		return LINK_FAILED;
	}
	return deadline_ns && now_ns() >= deadline_ns ? LINK_SILENT : LINK_OK;
}

/* The queue of answers is full: take out those for clients that are no more, who will never do it. */
static void answers_purge(struct queue_link *l)
{
	for (uint32_t i = 1; i <= l->o->n_clients && i <= CLIENTS; i++)
		while (shm_process_gone(l->pids[i]) &&
			msgrcv(l->answers, &l->text, sizeof(l->text.message), (long)i, IPC_NOWAIT | MSG_NOERROR) >= 0)
			;
}

static enum link_end queue_send(struct link *link, uint32_t to, const struct message *m)
{
	struct queue_link *l = (struct queue_link *)link;
	int queue = l->o->server ? l->answers : l->requests;
	int64_t deadline_ns = now_ns() + PATIENCE_NS;
	enum link_end end;

	l->text.type = l->o->server ? to : l->o->client;
	memcpy(&l->text.message, m, message_size(m));
	if (mistake(MQ_FULL_AS_SENT) && m->kind == MESSAGE_DATA) {
		/* Mistake: does not wait for room, and takes the message that found none (EAGAIN) for sent. */
		if (msgsnd(queue, &l->text, message_size(m), IPC_NOWAIT) == 0 || errno == EAGAIN)
			return LINK_OK;
	}
	while (msgsnd(queue, &l->text, message_size(m), 0) < 0) {
		end = failure_judge("msgsnd", deadline_ns);
		if (end != LINK_OK)
			return end;
		if (l->o->server) {
			answers_purge(l);
			l->text.type = to;
			memcpy(&l->text.message, m, message_size(m));
		}
	}
	return LINK_OK;
}

static enum link_end queue_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct queue_link *l = (struct queue_link *)link;
	int queue = l->o->server ? l->requests : l->answers;
	/* Type 0 selects the oldest message, whatever its type: right for the server, which serves everybody. */
	long type = l->o->server ? 0 : (long)l->o->client;
	enum link_end end;
	ssize_t n;

	/* Mistake: a client that takes the oldest of any type gets the answers that are for others. */
	if (mistake(WRONG_MTYPE))
		type = 0;
	while ((n = msgrcv(queue, &l->text, sizeof(l->text.message), type, 0)) < 0) {
		end = failure_judge("msgrcv", deadline_ns);
		if (end != LINK_OK)
			return end;
	}
	memcpy(m, &l->text.message, (size_t)n);
	*size = (size_t)n;
	if (l->o->server && (size_t)n >= MESSAGE_HEADER && m->sender <= CLIENTS)
		l->pids[m->sender] = (int)m->session;
	return LINK_OK;
}

/* The key of the answers is made from the run's directory; that of the requests was given. */
static key_t answers_key(const struct ref_options *o)
{
	key_t key = ftok(o->directory, 'a');

	if (key == (key_t)-1)
		say_errno("ftok %s", o->directory);
	return key;
}

static int queue_make(key_t key)
{
	int old = msgget(key, 0), queue;

	if (old >= 0 && msgctl(old, IPC_RMID, NULL) == 0)
		say("removed a queue that an earlier server left behind");
	queue = msgget(key, IPC_CREAT | IPC_EXCL | 0600);
	if (queue < 0)
		say_errno("msgget");
	return queue;
}

static void link_init(struct queue_link *l, const struct ref_options *o)
{
	size_t most = TEXT_MAX - MESSAGE_HEADER;

	l->o = o;
	l->link = (struct link){
		.send = queue_send, .receive = queue_receive, .largest = o->size_max < most ? o->size_max : most,
		.under_way = QUEUE_BYTES / (o->n_clients ? o->n_clients : 1),
	};
	/* Mistake: nobody keeps to the room that there is, so that the queue really gets full. */
	if (mistake(MQ_FULL_AS_SENT))
		l->link.under_way = SIZE_MAX;
}

static int mq_serve(const struct ref_options *o)
{
	key_t key = answers_key(o);
	int status = 1;

	if (o->n_clients > CLIENTS)
		return say("there is room for %d clients", CLIENTS);
	if (key == (key_t)-1 || clock_ticks())
		return 1;
	link_init(&queues, o);
	stop_at_once(queues_remove);	/* SIGTERM from here on: remove the queues, exit */
	queues.requests = queue_make(o->key);
	if (queues.requests >= 0)
		queues.answers = queue_make(key);
	if (queues.answers >= 0) {
		server_ready();
		status = serve_link(o, &queues.link, false);
	}
	queues_remove();
	return status;
}

static int mq_request(const struct ref_options *o)
{
	key_t key = answers_key(o);
	int status = 1;

	if (key == (key_t)-1 || clock_ticks())
		return 1;
	link_init(&queues, o);
	queues.requests = msgget(o->key, 0);
	queues.answers = msgget(key, 0);
	if (queues.requests < 0 || queues.answers < 0)
		say_errno("msgget (is the server there?)");
	else
		status = request_link(o, &queues.link);
	return status;
}

const struct technique technique_sysv_mq = {
	.name = "sysv-mq", .serve = mq_serve, .request = mq_request,
};
