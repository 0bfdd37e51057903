/* SPDX-License-Identifier: MIT */
/*
 * fifo: messages from one sender to one receiver arrive in the order in which they were sent.
 *
 * Numbered messages: by the order of the EV_SENT of each sender; where messages have priorities, among those of one
 * priority. A second receipt of the same message is no-duplication's concern. Other programs: datagrams whose content
 * is unique, between one pair of sockets; not in queues, whose receivers may choose. The kernel keeps the bytes of a
 * stream in order.
 */
#include <stdlib.h>

#include "core/base/str.h"
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/base/banned.h"

/* The latest that one receiver has had from one sender. */
struct lane {
	uint32_t sender, receiver, priority;
	uint32_t sent, received;	/* events */
};

struct lanes {
	struct lane *items;
	size_t n;
};

static struct lane *lane_of(struct lanes *l, uint32_t sender, uint32_t receiver, uint32_t priority)
{
	for (size_t i = l->n; i-- > 0;)
		if (l->items[i].sender == sender && l->items[i].receiver == receiver &&
			l->items[i].priority == priority)
			return &l->items[i];
	l->items = mem_grow(l->items, (l->n + 1) * sizeof(*l->items));
	l->items[l->n] = (struct lane){ .sender = sender, .receiver = receiver, .priority = priority };
	return &l->items[l->n++];
}

/* The next arrival of a lane: true if it was overtaken by what came before. */
static bool lane_step(struct lane *l, uint32_t sent, uint32_t received, struct verdict *out)
{
	if (!l->received || sent > l->sent) {
		l->sent = sent;
		l->received = received + 1;
		return false;
	}
	if (out->value == VERDICT_HOLDS)
		verdict_evidence(out, l->received - 1);
	verdict_evidence(out, received);
	return true;
}

static void check_messages(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;
	struct lanes lanes = { .items = NULL };
	struct messages m;
	char late[MESSAGE_TEXT], early[MESSAGE_TEXT];

	messages_init(&m, h);
	for (size_t i = 0; i < m.n_receipts; i++) {
		const struct receipt *r = &m.receipts[i];
		const struct event *e = &h->events[r->event].e;
		const struct message *x = r->message ? &m.items[r->message - 1] : NULL;
		struct lane *l;

		if (!x || x->received != r->event + 1)
			continue;
		l = lane_of(&lanes, x->sender, e->object, message_priority(x->sequence));
		if (lane_step(l, x->sent, r->event, out))
			verdict_set(out, VERDICT_VIOLATED, "%s overtook %s",
				message_text(&h->events[l->received - 1].e, early), message_text(e, late));
	}
	free(lanes.items);
	messages_fini(&m);
}

static int by_event(const void *x, const void *y)
{
	const struct datagram *const *a = x, *const *b = y;

	return (*a)->event < (*b)->event ? -1 : (*a)->event > (*b)->event;
}

/* Is there no second one with this content? They lie side by side. */
static bool is_unique(const struct traffic *t, const struct datagram *d)
{
	const struct datagram *sent = &t->datagrams[d->match - 1];
	const struct datagram *end = t->datagrams + t->n_datagrams;

	for (const struct datagram *x = sent; x > t->datagrams && x[-1].hash == d->hash && x[-1].group == d->group; x--)
		if (!x[-1].received)
			return false;
	for (const struct datagram *x = sent + 1; x < end && x->hash == d->hash && x->group == d->group; x++)
		if (!x->received)
			return false;
	return true;
}

/* The receiver of a queue may choose, by priority or by type; a strike may hold back. */
static bool has_order(const struct traffic *t, const struct history *h, const struct datagram *d)
{
	uint32_t kind = h->channels[h->events[d->event].channel - 1].kind;

	return kind != OBJ_POSIX_MQ && kind != OBJ_SYSV_MQ && !t->datagrams[d->match - 1].struck;
}

static void check_traffic(const struct property_input *in, struct verdict *out)
{
	struct lanes lanes = { .items = NULL };
	const struct datagram **order;
	struct traffic t;
	size_t n = 0;

	traffic_init(&t, in);
	order = mem_new(t.n_datagrams * sizeof(*order));
	for (size_t i = 0; i < t.n_datagrams; i++)
		if (t.datagrams[i].fate == FATE_FIRST && has_order(&t, in->history, &t.datagrams[i]) &&
			is_unique(&t, &t.datagrams[i]))
			order[n++] = &t.datagrams[i];
	qsort(order, n, sizeof(*order), by_event);
	for (size_t i = 0; i < n; i++) {
		const struct datagram *sent = &t.datagrams[order[i]->match - 1];
		struct lane *l = lane_of(&lanes, sent->object, order[i]->object, 0);

		if (lane_step(l, sent->event, order[i]->event, out))
			verdict_set(out, VERDICT_VIOLATED,
				"a datagram of %llu bytes was overtaken by one that was sent later",
				(unsigned long long)order[i]->length);
	}
	if (!t.n_datagrams && !traffic_has_flows(&t))
		verdict_set(out, VERDICT_NOT_APPLICABLE, "%s", NOTHING_JUDGED);
	free(order);
	free(lanes.items);
	traffic_fini(&t);
}

static void fifo_check(const struct property_input *in, struct verdict *out)
{
	if (messages_are_told(in))
		check_messages(in, out);
	else
		check_traffic(in, out);
}

const struct property property_fifo = {
	.name = "fifo",
	.summary = "messages of one sender arrive in the order in which they were sent",
	.about = "order",
	.needs_all_events = true,
	.senseless = applies_to_messages,
	.check = fifo_check,
};
