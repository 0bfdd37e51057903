/* SPDX-License-Identifier: MIT */
/*
 * no-duplication: nothing is received more often than it was sent.
 *
 * Numbered messages: one receipt for each message; where a message goes to many receivers (fan-out), one for each of
 * them. Sending it again does not allow a second receipt: to take a retransmission for a new message is the very bug.
 * Other programs: no content of a datagram is received more often than it was sent, in its group (traffic.h).
 */
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/base/banned.h"

static bool goes_to_many(const struct property_input *in)
{
	return in->scenario && in->scenario->reference.workload.pattern == PATTERN_FAN_OUT;
}

/* Was it received before by the same receiver, or by any? */
static bool was_received(const struct property_input *in, const struct messages *m, size_t receipt, size_t *before)
{
	const struct event *e = &in->history->events[m->receipts[receipt].event].e;
	const struct message *x = &m->items[m->receipts[receipt].message - 1];
	bool many = goes_to_many(in) && !x->receiver;

	if (x->n_received < 2 || x->received == m->receipts[receipt].event + 1)
		return false;
	*before = x->received - 1;
	if (!many)
		return true;
	for (size_t i = 0; i < receipt; i++) {
		*before = m->receipts[i].event;
		if (m->receipts[i].message == m->receipts[receipt].message &&
			in->history->events[*before].e.object == e->object)
			return true;
	}
	return false;
}

static void check_messages(const struct property_input *in, struct verdict *out)
{
	struct messages m;
	char text[MESSAGE_TEXT];

	messages_init(&m, in->history);
	for (size_t i = 0; i < m.n_receipts; i++) {
		const struct receipt *r = &m.receipts[i];
		size_t before;

		if (!r->message || !was_received(in, &m, i, &before))
			continue;
		if (out->value == VERDICT_HOLDS)
			verdict_evidence(out, before);
		verdict_evidence(out, r->event);
		verdict_set(out, VERDICT_VIOLATED, "%s was received twice",
			message_text(&in->history->events[r->event].e, text));
	}
	messages_fini(&m);
}

static void check_traffic(const struct property_input *in, struct verdict *out)
{
	struct traffic t;

	traffic_init(&t, in);
	for (size_t i = 0; i < t.n_datagrams; i++) {
		if (t.datagrams[i].fate != FATE_AGAIN)
			continue;
		verdict_evidence(out, t.datagrams[i].event);
		verdict_set(out, VERDICT_VIOLATED, "a datagram of %llu bytes was received more often than it was sent",
			(unsigned long long)t.datagrams[i].length);
	}
	if (!t.n_datagrams && !traffic_has_flows(&t))
		verdict_set(out, VERDICT_NOT_APPLICABLE, "%s", NOTHING_JUDGED);
	traffic_fini(&t);
}

static void no_duplication_check(const struct property_input *in, struct verdict *out)
{
	if (messages_are_told(in))
		check_messages(in, out);
	else
		check_traffic(in, out);
}

const struct property property_no_duplication = {
	.name = "no-duplication",
	.summary = "nothing is received more often than it was sent",
	.about = "delivery",
	.needs_all_events = true,
	.senseless = applies_to_messages,
	.check = no_duplication_check,
};
