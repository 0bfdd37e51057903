/* SPDX-License-Identifier: MIT */
/*
 * total-order: two receivers that both received two messages received them in the same order.
 *
 * For numbered messages that go to several receivers: told with receiver 0, or with the same sender, sequence and
 * checksum to each, or by the workload fan-out.
 */
#include <stdlib.h>

#include "core/base/str.h"
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/base/banned.h"

enum { MOST_RECEIVERS = 64 };

struct crowd {
	struct messages m;
	uint32_t *topics;	/* by message: messages to several receivers are one topic */
	size_t n_topics;
	uint32_t ids[MOST_RECEIVERS];
	size_t n;
	uint32_t *when;		/* by receiver and topic: event + 1 of the first receipt; 0: never */
};

static void topics_find(struct crowd *c, const struct property_input *in)
{
	bool fan_out = in->scenario && in->scenario->reference.workload.pattern == PATTERN_FAN_OUT;

	c->topics = mem_new(c->m.n * sizeof(*c->topics));
	for (size_t i = 0; i < c->m.n; i++) {
		const struct message *x = &c->m.items[i], *before = i ? x - 1 : NULL;

		if (!before || before->sender != x->sender || before->sequence != x->sequence ||
			(!fan_out && in->history->events[before->sent].e.hash != in->history->events[x->sent].e.hash))
			c->n_topics++;
		c->topics[i] = (uint32_t)c->n_topics - 1;
	}
}

/* The receiver's place; beyond the most there is none. */
static size_t receiver_of(struct crowd *c, uint32_t id)
{
	size_t i = 0;

	while (i < c->n && c->ids[i] != id)
		i++;
	if (i == c->n && c->n < MOST_RECEIVERS)
		c->ids[c->n++] = id;
	return i;
}

static void crowd_init(struct crowd *c, const struct property_input *in)
{
	const struct history *h = in->history;

	*c = (struct crowd){ .n = 0 };
	messages_init(&c->m, h);
	topics_find(c, in);
	c->when = mem_new(MOST_RECEIVERS * c->n_topics * sizeof(*c->when));
	for (size_t i = 0; i < c->m.n_receipts; i++) {
		const struct receipt *r = &c->m.receipts[i];
		const struct event *e = &h->events[r->event].e;
		size_t who = receiver_of(c, e->object ? e->object : ~h->events[r->event].proc);
		uint32_t *when;

		if (!r->message || who == MOST_RECEIVERS)
			continue;
		when = &c->when[who * c->n_topics + c->topics[r->message - 1]];
		if (!*when)
			*when = r->event + 1;
	}
}

static void crowd_fini(struct crowd *c)
{
	messages_fini(&c->m);
	free(c->topics);
	free(c->when);
}

struct moment {
	uint32_t a, b;	/* when the two receivers had it */
};

static int by_a(const void *x, const void *y)
{
	const struct moment *m = x, *n = y;

	return m->a < n->a ? -1 : m->a > n->a;
}

/* Returns how many messages both had. */
static size_t compare(const struct crowd *c, size_t a, size_t b, const struct history *h, struct verdict *out)
{
	struct moment *both = mem_new(c->n_topics * sizeof(*both));
	char first[MESSAGE_TEXT], second[MESSAGE_TEXT];
	size_t n = 0;

	for (size_t t = 0; t < c->n_topics; t++) {
		struct moment m = { c->when[a * c->n_topics + t], c->when[b * c->n_topics + t] };

		if (m.a && m.b)
			both[n++] = m;
	}
	qsort(both, n, sizeof(*both), by_a);
	for (size_t i = 1; i < n; i++) {
		if (both[i].b > both[i - 1].b)
			continue;
		if (out->value == VERDICT_HOLDS) {
			verdict_evidence(out, both[i - 1].a - 1);
			verdict_evidence(out, both[i].a - 1);
			verdict_evidence(out, both[i].b - 1);
			verdict_evidence(out, both[i - 1].b - 1);
		}
		verdict_set(out, VERDICT_VIOLATED, "one receiver had %s before %s, another the other way round",
			message_text(&h->events[both[i - 1].a - 1].e, first),
			message_text(&h->events[both[i].a - 1].e, second));
	}
	free(both);
	return n;
}

static void total_order_check(const struct property_input *in, struct verdict *out)
{
	struct crowd c;
	size_t most = 0;

	crowd_init(&c, in);
	for (size_t a = 0; a < c.n; a++)
		for (size_t b = a + 1; b < c.n; b++) {
			size_t n = compare(&c, a, b, in->history, out);

			if (n > most)
				most = n;
		}
	if (most < 2)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "no two receivers had two messages in common");
	crowd_fini(&c);
}

const struct property property_total_order = {
	.name = "total-order",
	.summary = "all receivers agree on the order of what they all receive",
	.about = "order",
	.needs_all_events = true,
	.senseless = applies_to_numbered,
	.check = total_order_check,
};
