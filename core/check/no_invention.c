/* SPDX-License-Identifier: MIT */
/*
 * no-invention: nothing is received that nobody sent, and nothing before it was sent.
 *
 * Numbered messages: each EV_RECEIVED has its EV_SENT, earlier in the history. Other programs: each datagram that was
 * received is one that was sent, unchanged, changed or cut (those are no-corruption's and boundaries' concern).
 */
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/base/banned.h"

static void check_messages(const struct property_input *in, struct verdict *out)
{
	struct messages m;
	char text[MESSAGE_TEXT];

	messages_init(&m, in->history);
	for (size_t i = 0; i < m.n_receipts; i++) {
		const struct receipt *r = &m.receipts[i];

		if (r->message && m.items[r->message - 1].sent < r->event)
			continue;
		verdict_evidence(out, r->event);
		message_text(&in->history->events[r->event].e, text);
		if (r->message)
			verdict_set(out, VERDICT_VIOLATED, "%s was received before it was sent", text);
		else
			verdict_set(out, VERDICT_VIOLATED, "%s was received, but nobody sent it", text);
	}
	messages_fini(&m);
}

/* From where nothing else comes, something came: only then is a stranger's datagram excluded. */
static bool has_sender(const struct traffic *t, uint32_t group)
{
	for (size_t i = 0; i < t->n_datagrams; i++)
		if (!t->datagrams[i].received && t->datagrams[i].group == group)
			return true;
	return false;
}

static void check_traffic(const struct property_input *in, struct verdict *out)
{
	struct traffic t;

	traffic_init(&t, in);
	for (size_t i = 0; i < t.n_datagrams; i++) {
		const struct datagram *d = &t.datagrams[i];

		if (d->fate != FATE_FOREIGN || !has_sender(&t, d->group))
			continue;
		verdict_evidence(out, d->event);
		verdict_set(out, VERDICT_VIOLATED, "a datagram of %llu bytes was received, but nobody sent it",
			(unsigned long long)d->length);
	}
	if (!t.n_datagrams)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "the bytes of a stream are not compared");
	traffic_fini(&t);
}

static void no_invention_check(const struct property_input *in, struct verdict *out)
{
	if (messages_are_told(in))
		check_messages(in, out);
	else
		check_traffic(in, out);
}

const struct property property_no_invention = {
	.name = "no-invention",
	.summary = "nothing is received that nobody sent",
	.about = "delivery",
	.needs_all_events = true,
	.senseless = applies_to_messages,
	.check = no_invention_check,
};
