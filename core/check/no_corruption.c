/* SPDX-License-Identifier: MIT */
/*
 * no-corruption: what was received has the content that was sent.
 *
 * Numbered messages: equal checksums. Other programs: a datagram that nobody sent in this form, where one of the same
 * length is missing, was changed on its way. The bytes of a stream are the kernel's own; they are not compared.
 */
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/base/banned.h"

static void check_messages(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;
	struct messages m;
	char text[MESSAGE_TEXT];

	messages_init(&m, h);
	for (size_t i = 0; i < m.n_receipts; i++) {
		const struct receipt *r = &m.receipts[i];
		const struct event *sent, *received = &h->events[r->event].e;

		if (!r->message)
			continue;
		sent = &h->events[m.items[r->message - 1].sent].e;
		/* a message of another length has another sum for that reason: boundaries says so */
		if (sent->hash == received->hash || sent->asked != received->asked)
			continue;
		if (out->value == VERDICT_HOLDS)
			verdict_evidence(out, m.items[r->message - 1].sent);
		verdict_evidence(out, r->event);
		verdict_set(out, VERDICT_VIOLATED, "%s arrived with another content than was sent",
			message_text(received, text));
	}
	messages_fini(&m);
}

static void check_traffic(const struct property_input *in, struct verdict *out)
{
	struct traffic t;

	traffic_init(&t, in);
	for (size_t i = 0; i < t.n_datagrams; i++) {
		const struct datagram *d = &t.datagrams[i];

		if (d->fate != FATE_CHANGED)
			continue;
		verdict_evidence(out, t.datagrams[d->match - 1].event);
		verdict_evidence(out, d->event);
		verdict_set(out, VERDICT_VIOLATED,
			"a datagram of %llu bytes arrived with another content than was sent",
			(unsigned long long)d->length);
	}
	if (!t.n_datagrams)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "the bytes of a stream are not compared");
	traffic_fini(&t);
}

static void no_corruption_check(const struct property_input *in, struct verdict *out)
{
	if (messages_are_told(in))
		check_messages(in, out);
	else
		check_traffic(in, out);
}

const struct property property_no_corruption = {
	.name = "no-corruption",
	.summary = "what is received has the content that was sent",
	.about = "delivery",
	.needs_all_events = true,
	.senseless = applies_to_content,
	.check = no_corruption_check,
};
