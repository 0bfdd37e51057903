/* SPDX-License-Identifier: MIT */
/*
 * boundaries: what is received in one piece is what was sent in one piece.
 *
 * Numbered messages: a message has the length with which it was sent; a program that takes one read for one message
 * receives parts of it, or two in one. Other programs: no datagram is cut by a receiver's buffer that is too small. The
 * bytes of their streams have no boundaries that Sabot could know.
 */
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/check/who.h"
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
		if (sent->asked == received->asked)
			continue;
		if (out->value == VERDICT_HOLDS)
			verdict_evidence(out, m.items[r->message - 1].sent);
		verdict_evidence(out, r->event);
		verdict_set(out, VERDICT_VIOLATED, "%s was sent with %u bytes and received with %u",
			message_text(received, text), sent->asked, received->asked);
	}
	messages_fini(&m);
}

static void check_traffic(const struct property_input *in, struct verdict *out)
{
	struct traffic t;

	traffic_init(&t, in);
	for (size_t i = 0; i < t.n_datagrams; i++) {
		const struct datagram *d = &t.datagrams[i];
		const struct event *e = &in->history->events[d->event].e;
		/* with MSG_TRUNC the result is the true length, more than the buffer holds */
		bool told = d->received && e->asked && d->length > e->asked;

		if (d->fate != FATE_CUT && !told)
			continue;
		if (d->match)
			verdict_evidence(out, t.datagrams[d->match - 1].event);
		verdict_evidence(out, d->event);
		verdict_set(out, VERDICT_VIOLATED, "%s() received %llu of the %llu bytes of a datagram",
			who_call(e->call), (unsigned long long)(told ? e->asked : d->length),
			(unsigned long long)(told ? d->length : t.datagrams[d->match - 1].length));
	}
	if (!t.n_datagrams)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "a stream of bytes has no boundaries that can be known");
	traffic_fini(&t);
}

static void boundaries_check(const struct property_input *in, struct verdict *out)
{
	if (messages_are_told(in))
		check_messages(in, out);
	else
		check_traffic(in, out);
}

const struct property property_boundaries = {
	.name = "boundaries",
	.summary = "a message is received whole and alone, as it was sent",
	.about = "delivery",
	.needs_all_events = true,
	.senseless = applies_to_content,
	.check = boundaries_check,
};
