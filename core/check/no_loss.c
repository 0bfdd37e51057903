/* SPDX-License-Identifier: MIT */
/*
 * no-loss: whatever was sent arrived.
 *
 * Numbered messages: each EV_SENT has its EV_RECEIVED, unless the sender gave it up or an end of it died. Techniques
 * that lose by nature are not spared: the question is whether the messages arrived.
 * Other programs: bytes that a send-like call accepted before the reader closed were read; datagrams arrived, by hash
 * (traffic.h has the rules). A run that was cut short makes what is missing unknown; one that hung does not, for
 * nobody would have gone on.
 */
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/check/who.h"
#include "core/base/banned.h"

static enum verdict_value missing(const struct property_input *in)
{
	return who_was_cut(in) ? VERDICT_UNKNOWN : VERDICT_VIOLATED;
}

static void check_messages(const struct property_input *in, struct verdict *out)
{
	struct messages m;
	const struct message *first = NULL;
	size_t n_lost = 0;
	char text[MESSAGE_TEXT];

	messages_init(&m, in->history);
	for (size_t i = 0; i < m.n; i++) {
		if (!message_is_lost(in, &m, &m.items[i]))
			continue;
		if (!first || m.items[i].sent < first->sent)
			first = &m.items[i];
		n_lost++;
		verdict_evidence(out, m.items[i].sent);
	}
	if (first)
		verdict_set(out, missing(in), "%zu of %zu messages never arrived; the first is %s", n_lost, m.n,
			message_text(&in->history->events[first->sent].e, text));
	messages_fini(&m);
}

static bool check_flows(const struct property_input *in, const struct traffic *t, struct verdict *out)
{
	bool judged = false;

	for (size_t i = 0; i < t->n_flows; i++) {
		const struct flow *f = &t->flows[i];

		if (!f->judged)
			continue;
		judged = true;
		if (f->sent <= f->received || !f->last_sent)
			continue;
		verdict_evidence(out, f->last_sent - 1);
		verdict_set(out, missing(in), "%llu bytes that %s() accepted on %s were never read by anybody",
			(unsigned long long)(f->sent - f->received),
			who_call(in->history->events[f->last_sent - 1].e.call),
			in->history->channels[f->channel - 1].name);
	}
	return judged;
}

static bool check_datagrams(const struct property_input *in, const struct traffic *t, struct verdict *out)
{
	size_t n_sent = 0, n_lost = 0, first = 0;

	for (size_t i = 0; i < t->n_datagrams; i++) {
		const struct datagram *d = &t->datagrams[i];

		n_sent += !d->received && d->fate != FATE_EXCUSED;
		if (d->received || d->fate != FATE_LOST)
			continue;
		if (!n_lost++ || d->event < t->datagrams[first].event)
			first = i;
		verdict_evidence(out, d->event);
	}
	if (n_lost)
		verdict_set(out, missing(in),
			"%zu of %zu datagrams were never received; the first has %llu bytes and left by %s()", n_lost,
			n_sent, (unsigned long long)t->datagrams[first].length,
			who_call(in->history->events[t->datagrams[first].event].e.call));
	return n_sent > 0;
}

static void no_loss_check(const struct property_input *in, struct verdict *out)
{
	struct traffic t;
	bool flows, datagrams;

	if (messages_are_told(in)) {
		check_messages(in, out);
		return;
	}
	traffic_init(&t, in);
	flows = check_flows(in, &t, out);
	datagrams = check_datagrams(in, &t, out);
	if (!flows && !datagrams)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "%s", NOTHING_JUDGED);
	traffic_fini(&t);
}

const struct property property_no_loss = {
	.name = "no-loss",
	.summary = "whatever was sent arrived",
	.about = "delivery",
	.needs_all_events = true,
	.senseless = applies_to_messages,
	.check = no_loss_check,
};
