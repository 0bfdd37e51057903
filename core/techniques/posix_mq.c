/* SPDX-License-Identifier: MIT */
/*
 * POSIX message queues: whole messages, kept by the kernel, the highest priority first and among equals in the order
 * they were sent. Nobody needs to be there when a message is sent, and nobody notices when somebody dies.
 *
 * The steps:
 *   server: remove old queues, make its queue and one for each client, … receive, send …, close, remove
 *   client: open both queues, … send, receive …, close
 *
 * The server makes the clients' queues too: a queue stays until it is removed, and a client that is killed removes
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>

#include "core/techniques/impl.h"
#include "core/base/banned.h"

enum {
	REQUESTS = 8, ANSWERS = 4,	/* that a queue holds; msg_max is 10 unless the administrator allows more */
	QUEUE_SIZE = 8192,	/* msgsize_max likewise */
	QUEUE_CLIENTS = 64,
};

struct queue_link {
	struct link link;
	const struct ref_options *o;
	mqd_t requests;				/* from all clients */
	mqd_t answers[QUEUE_CLIENTS + 1];	/* to client i; a client has only its own */
};

static char queue_names[QUEUE_CLIENTS + 1][80];	/* 0: the server's; for the handler of SIGTERM */
static uint32_t n_queues;

static void queues_remove(void)
{
	for (uint32_t i = 0; i < n_queues; i++)
		mq_unlink(queue_names[i]);
}

static void queue_name_set(const struct ref_options *o, uint32_t client)
{
	snprintf(queue_names[client], sizeof(queue_names[client]), "/sabot-%s-%u", o->id, client);
}

static size_t payload_largest(const struct ref_options *o)
{
	size_t most = QUEUE_SIZE - MESSAGE_HEADER;

	return o->size_max > most ? most : o->size_max;
}

/*
 * All queues of a user together may take only so many bytes (RLIMIT_MSGQUEUE: 800 KiB); beyond that mq_open() fails
 * with EMFILE. Then a queue for fewer messages has to do: it only makes its senders wait more often. If there is no
 * room even for one message, somebody else may soon remove a queue.
 */
static mqd_t queue_make(const struct ref_options *o, uint32_t client, int access, long n_messages)
{
	/* Room for control messages too, which carry a word of 8 bytes. */
	size_t payload = payload_largest(o) < 64 ? 64 : payload_largest(o);
	struct mq_attr attributes = { .mq_maxmsg = n_messages, .mq_msgsize = (long)(MESSAGE_HEADER + payload) };
	int64_t deadline_ns = now_ns() + PATIENCE_NS / 2;
	mqd_t queue;

	queue_name_set(o, client);
	n_queues = client + 1;
	if (mq_unlink(queue_names[client]) == 0)
		say("removed a queue that an earlier server left behind");
	while ((queue = mq_open(queue_names[client], access | O_CREAT | O_EXCL, 0600, &attributes)) < 0 &&
		errno == EMFILE && now_ns() < deadline_ns) {
		if (attributes.mq_maxmsg > 1)
			attributes.mq_maxmsg /= 2;
		else
			nanosleep(&(struct timespec){ .tv_nsec = 10 * MS }, NULL);
	}
	if (queue < 0)
		say_errno("mq_open %s", queue_names[client]);
	return queue;
}

static mqd_t queue_open(const struct ref_options *o, uint32_t client, int access)
{
	mqd_t queue;

	queue_name_set(o, client);
	queue = mq_open(queue_names[client], access);
	if (queue < 0)
		say_errno("mq_open %s (is the server there?)", queue_names[client]);
	return queue;
}

/* mq_timed…() take a time of CLOCK_REALTIME. */
static struct timespec realtime_of(int64_t deadline_ns)
{
	int64_t left = deadline_ns - now_ns();
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	left = (left < 0 ? 0 : left) + t.tv_nsec;
	t.tv_sec += left / 1000000000;
	t.tv_nsec = left % 1000000000;
	return t;
}

/*
 * Mistake: small messages get a higher priority, and the receiver believes that what it gets first was sent first.
 * They overtake the big ones that wait in the queue.
 */
static unsigned priority_of(const struct queue_link *l, const struct message *m)
{
	bool small = m->kind == MESSAGE_DATA && m->length < (l->o->size_min + l->link.largest + 1) / 2;

	return mistake(PRIORITY_AS_ARRIVAL_ORDER) && small ? 1 : 0;
}

static enum link_end queue_send(struct link *link, uint32_t to, const struct message *m)
{
	struct queue_link *l = (struct queue_link *)link;
	mqd_t queue = to == SERVER_ID ? l->requests : to <= l->o->n_clients ? l->answers[to] : -1;
	bool hasty = mistake(MQ_FULL_AS_SENT) && m->kind == MESSAGE_DATA;
	struct timespec until = realtime_of(hasty ? 0 : now_ns() + PATIENCE_NS);

	/* Waits while the queue is full. */
	while (mq_timedsend(queue, (const char *)m, message_size(m), priority_of(l, m), &until) < 0) {
		/* Mistake: does not wait for room, and takes the message that found none for sent. It is lost. */
		if (errno == ETIMEDOUT)
			return hasty ? LINK_OK : LINK_SILENT;
		/* Mistake: a signal came while it waited, and nothing was sent. Nothing is wrong; send again. */
		if (errno == EINTR && !mistake(NO_EINTR_RETRY))
			continue;
		say_errno("mq_timedsend");
		return LINK_FAILED;
	}
	return LINK_OK;
}

static enum link_end queue_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct queue_link *l = (struct queue_link *)link;
	mqd_t queue = l->o->server ? l->requests : l->answers[l->o->client];
	struct timespec until = realtime_of(deadline_ns);
	ssize_t n;

	for (;;) {
		/* The buffer must have room for mq_msgsize bytes, or the call fails (EMSGSIZE). */
		if (deadline_ns)
			n = mq_timedreceive(queue, (char *)m, sizeof(*m), NULL, &until);
		else
			n = mq_receive(queue, (char *)m, sizeof(*m), NULL);
		if (n >= 0)
			break;
		if (errno == ETIMEDOUT)
			return LINK_SILENT;
		if (errno == EINTR && !mistake(NO_EINTR_RETRY))
			continue;
		say_errno("mq_receive");
		return LINK_FAILED;
	}
	*size = (size_t)n;
	return LINK_OK;
}

static struct queue_link link_make(const struct ref_options *o)
{
	struct queue_link l = {
		.link = { .send = queue_send, .receive = queue_receive, .largest = payload_largest(o),
			.under_way = SIZE_MAX },
		.o = o, .requests = -1,
	};

	for (uint32_t i = 0; i <= QUEUE_CLIENTS; i++)
		l.answers[i] = -1;
	return l;
}

static void link_close(struct queue_link *l)
{
	if (l->requests >= 0)
		mq_close(l->requests);
	for (uint32_t i = 0; i <= QUEUE_CLIENTS; i++)
		if (l->answers[i] >= 0)
			mq_close(l->answers[i]);
}

static int mq_serve(const struct ref_options *o)
{
	struct queue_link l = link_make(o);
	bool made;
	int status = 1;

	if (o->n_clients > QUEUE_CLIENTS)
		return say("there are queues for %d clients", QUEUE_CLIENTS);
	stop_at_once(queues_remove);	/* SIGTERM from here on: remove the queues, exit */
	l.requests = queue_make(o, 0, O_RDONLY, REQUESTS);
	made = l.requests >= 0;
	for (uint32_t i = 1; made && i <= o->n_clients; i++) {
		l.answers[i] = queue_make(o, i, O_WRONLY, ANSWERS);
		made = l.answers[i] >= 0;
	}
	if (made) {
		server_ready();
		status = serve_link(o, &l.link, false);
	}
	link_close(&l);
	queues_remove();
	return status;
}

static int mq_request(const struct ref_options *o)
{
	struct queue_link l = link_make(o);
	struct mq_attr answers = { .mq_maxmsg = 1 };
	int status = 1;

	if (o->client > QUEUE_CLIENTS)
		return say("there are queues for %d clients", QUEUE_CLIENTS);
	l.requests = queue_open(o, 0, O_WRONLY);
	if (l.requests >= 0)
		l.answers[o->client] = queue_open(o, o->client, O_RDONLY);
	if (l.answers[o->client] >= 0 && mq_getattr(l.answers[o->client], &answers) < 0) {
		say_errno("mq_getattr");
	} else if (l.answers[o->client] >= 0) {
		/* No more requests than there is room for their answers: so the server never has to wait for us. */
		l.link.most_under_way = (uint32_t)answers.mq_maxmsg;
		status = request_link(o, &l.link);
	}
	link_close(&l);
	return status;
}

const struct technique technique_posix_mq = {
	.name = "posix-mq", .serve = mq_serve, .request = mq_request,
};
