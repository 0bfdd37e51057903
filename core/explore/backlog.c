/* SPDX-License-Identifier: MIT */
/*
 * What may still lie in a message queue when more is sent. Who sends only when he has been answered knows that all that
 * went before has been taken: his queue is never full. What a thread knows is what it has received, and what those knew
 * who sent that.
 */
#include "core/explore/internal.h"

#include <stdlib.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/model/call.h"

enum { QUEUES = 16, THREADS = 256 };

/* Of each queue: how many of its messages have been taken. */
struct knowledge {
	uint32_t taken[QUEUES];
};

struct backlog {
	uint32_t n_queues, n_threads;
	uint32_t queues[QUEUES];		/* object index + 1 */
	uint32_t sent[QUEUES], taken[QUEUES];
	uint64_t threads[THREADS];		/* process and thread */
	struct knowledge of_thread[THREADS];
	struct knowledge of_object[ARENA_OBJECTS];	/* of those who have sent into it */
};

static bool is_queue(const struct object *o)
{
	return o->kind == OBJ_POSIX_MQ || o->kind == OBJ_SYSV_MQ;
}

/* QUEUES: it is none, or one too many. */
static uint32_t queue_at(struct backlog *b, const struct arena *a, uint32_t object)
{
	if (!is_queue(&a->objects[object - 1]))
		return QUEUES;
	for (uint32_t i = 0; i < b->n_queues; i++)
		if (b->queues[i] == object)
			return i;
	if (b->n_queues == QUEUES)
		return QUEUES;
	b->queues[b->n_queues] = object;
	return b->n_queues++;
}

static struct knowledge *thread_at(struct backlog *b, const struct history_event *he)
{
	uint64_t who = (uint64_t)he->proc << 32 | he->e.tid;

	for (uint32_t i = 0; i < b->n_threads; i++)
		if (b->threads[i] == who)
			return &b->of_thread[i];
	if (b->n_threads == THREADS)
		return NULL;
	b->threads[b->n_threads] = who;
	return &b->of_thread[b->n_threads++];
}

static void learn(struct knowledge *to, const struct knowledge *from)
{
	for (uint32_t i = 0; i < QUEUES; i++)
		if (from->taken[i] > to->taken[i])
			to->taken[i] = from->taken[i];
}

/* A connection is an object at each end: what is sent at one is received at the other. */
static struct knowledge *reached(struct backlog *b, const struct arena *a, uint32_t object)
{
	uint32_t peer = a->objects[object - 1].peer;

	return &b->of_object[(peer && peer <= ARENA_OBJECTS ? peer : object) - 1];
}

void backlog_learn(const struct history *h, const struct arena *a, bool *all_taken)
{
	struct backlog *b = mem_new(sizeof(*b));

	for (size_t i = 0; i < h->n_events; i++) {
		const struct event *e = &h->events[i].e;
		struct knowledge *mine;
		uint32_t family, queue;

		if (e->kind != EV_CALL || e->call >= n_calls || !e->object || e->object > ARENA_OBJECTS)
			continue;
		family = call_table[e->call].family;
		if ((family != FAMILY_SEND && family != FAMILY_RECEIVE) || e->result < 0 || e->error)
			continue;
		mine = thread_at(b, &h->events[i]);
		if (!mine)
			continue;
		queue = queue_at(b, a, e->object);
		if (family == FAMILY_RECEIVE) {
			learn(mine, &b->of_object[e->object - 1]);
			if (queue < QUEUES)
				mine->taken[queue] = ++b->taken[queue];
			continue;
		}
		if (queue < QUEUES)
			all_taken[i] = mine->taken[queue] >= b->sent[queue]++;
		learn(reached(b, a, e->object), mine);
	}
	free(b);
}
