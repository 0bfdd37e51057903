/* SPDX-License-Identifier: MIT */
#include "core/check/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/check/who.h"
#include "core/base/banned.h"

#define GAVE_UP "gave-up"	/* what sabot_gave_up() of sabot.h becomes */

bool messages_are_told(const struct property_input *in)
{
	const struct history *h = in->history;

	if (in->scenario && in->scenario->reference.technique)
		return true;
	for (size_t i = 0; h && i < h->n_events; i++)
		if (h->events[i].e.kind == EV_SENT || h->events[i].e.kind == EV_RECEIVED)
			return true;
	return false;
}

static int by_key(const void *x, const void *y)
{
	const struct message *a = x, *b = y;

	if (a->sender != b->sender)
		return a->sender < b->sender ? -1 : 1;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	if (a->receiver != b->receiver)
		return a->receiver < b->receiver ? -1 : 1;
	return a->sent < b->sent ? -1 : a->sent > b->sent;
}

static void identity_note(struct messages *m, uint32_t id, uint32_t proc)
{
	if (!id || messages_who(m, id))
		return;
	m->identities = mem_grow(m->identities, (m->n_identities + 1) * sizeof(*m->identities));
	m->identities[m->n_identities++] = (struct identity){ id, proc };
}

uint32_t messages_who(const struct messages *m, uint32_t id)
{
	for (size_t i = 0; i < m->n_identities; i++)
		if (m->identities[i].id == id)
			return m->identities[i].proc + 1;
	return 0;
}

static void collect(struct messages *m, const struct history *h, size_t n)
{
	m->items = mem_new(h->n_events * sizeof(*m->items));
	m->receipts = mem_new(h->n_events * sizeof(*m->receipts));
	for (size_t i = 0; i < n; i++) {
		const struct event *e = &h->events[i].e;

		if (e->kind == EV_SENT) {
			m->items[m->n++] = (struct message){ .sender = (uint32_t)e->fd, .receiver = e->object,
				.sequence = (uint64_t)e->result, .sent = (uint32_t)i };
			identity_note(m, (uint32_t)e->fd, h->events[i].proc);
		} else if (e->kind == EV_RECEIVED) {
			m->receipts[m->n_receipts++] = (struct receipt){ .event = (uint32_t)i };
			identity_note(m, e->object, h->events[i].proc);
		}
	}
	qsort(m->items, m->n, sizeof(*m->items), by_key);
}

/* Of a message that was told of twice the first stays: it was sent again. */
static void drop_retransmissions(struct messages *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct message *x = &m->items[i], *before = kept ? &m->items[kept - 1] : NULL;

		if (before && before->sender == x->sender && before->sequence == x->sequence &&
			before->receiver == x->receiver)
			continue;
		m->items[kept++] = *x;
	}
	m->n = kept;
}

static bool fits(const struct message *x, uint32_t receiver)
{
	return x->receiver == receiver || !x->receiver || !receiver;
}

/* The message that an event speaks of; among several that fit, the exact one, else the first not received yet. */
static struct message *message_find(struct messages *m, const struct event *e)
{
	struct message key = { .sender = (uint32_t)e->fd, .sequence = (uint64_t)e->result };
	struct message *found = NULL;
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_key(&m->items[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < m->n && m->items[low].sender == key.sender && m->items[low].sequence == key.sequence; low++) {
		struct message *x = &m->items[low];

		if (x->receiver == e->object)
			return x;
		if (fits(x, e->object) && (!found || (found->n_received && !x->n_received)))
			found = x;
	}
	return found;
}

static void match(struct messages *m, const struct history *h, size_t n)
{
	for (size_t i = 0; i < m->n_receipts; i++) {
		struct message *x = message_find(m, &h->events[m->receipts[i].event].e);

		if (!x)
			continue;
		m->receipts[i].message = (uint32_t)(x - m->items) + 1;
		if (!x->n_received++)
			x->received = m->receipts[i].event + 1;
	}
	for (size_t i = 0; i < n; i++) {
		const struct history_event *e = &h->events[i];
		struct message *x;

		if (e->e.kind != EV_BECAME || strcmp(history_text(h, e), GAVE_UP) != 0)
			continue;
		x = message_find(m, &e->e);
		if (x)
			x->given_up = true;
	}
}

void messages_init(struct messages *m, const struct history *h)
{
	size_t n = history_first_go(h);

	*m = (struct messages){ .items = NULL };
	collect(m, h, n);
	drop_retransmissions(m);
	match(m, h, n);
}

void messages_fini(struct messages *m)
{
	free(m->items);
	free(m->receipts);
	free(m->identities);
	*m = (struct messages){ .items = NULL };
}

/* Nobody has been seen under the receiver's id: did anybody die that it may have been? */
static bool stranger_died(const struct property_input *in, uint32_t sender)
{
	const struct outcome *o = in->outcome;

	/* a role may have died before it told or called anything */
	for (uint32_t i = 0; o && i < o->n_roles && i < OUTCOME_ROLES; i++)
		if ((o->roles[i].ended == ENDED_BY_FAULT || o->roles[i].ended == ENDED_SIGNAL) &&
			&o->roles[i] != who_role(in, sender))
			return true;
	for (uint32_t i = 0; i < in->history->n_procs; i++)
		if (i != sender && who_died(in, i))
			return true;
	return false;
}

bool message_is_lost(const struct property_input *in, const struct messages *m, const struct message *x)
{
	uint32_t sender = in->history->events[x->sent].proc;
	uint32_t receiver = messages_who(m, x->receiver);

	if (x->n_received || x->given_up || who_died(in, sender))
		return false;
	if (receiver)
		return !who_died(in, receiver - 1);
	return !stranger_died(in, sender);
}

const char *message_text(const struct event *e, char text[MESSAGE_TEXT])
{
	uint64_t sequence = (uint64_t)e->result;
	int n = snprintf(text, MESSAGE_TEXT, "message %llu", (unsigned long long)message_number(sequence));

	if (message_priority(sequence))
		n += snprintf(text + n, (size_t)(MESSAGE_TEXT - n), " of priority %u", message_priority(sequence));
	n += snprintf(text + n, (size_t)(MESSAGE_TEXT - n), " from %u", (uint32_t)e->fd);
	if (e->object)
		snprintf(text + n, (size_t)(MESSAGE_TEXT - n), " to %u", e->object);
	return text;
}
