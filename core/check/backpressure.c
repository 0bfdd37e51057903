/* SPDX-License-Identifier: MIT */
/*
 * backpressure: a sender that outruns its receiver is made to wait, or is told; nothing vanishes.
 *
 * A sender outran its receiver if two or more of its messages were under way at once, or if a send waited or was
 * refused for want of room. Then whatever was sent must have arrived. Where no sender outran anybody, the question does
 * not arise.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/base/str.h"
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/check/traffic.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

#define WAIT_NS 1000000		/* a call that took so long has waited */

/* The first call by which a sender was held up or told; index + 1, 0: none. */
static size_t first_wait(const struct history *h)
{
	for (size_t i = 0; i < h->n_events; i++) {
		const struct event *e = &h->events[i].e;
		struct history_call call = history_call_of(e->call);
		uint64_t limit = h->tick_hz / (1000000000 / WAIT_NS);

		if ((e->kind != EV_CALL && e->kind != EV_INVOKED) || call.way != WAY_IN || e->flags & EVF_STRUCK)
			continue;
		if (e->kind == EV_INVOKED || e->error == EAGAIN || e->error == ENOBUFS || e->error == ETIMEDOUT)
			return i + 1;
		if (!(e->flags & EVF_NONBLOCK) && e->ticks >= limit)
			return i + 1;
	}
	return 0;
}

/* The most messages of one sender that were sent and not received at one time. */
static size_t most_under_way(const struct messages *m, const struct history *h)
{
	int *change = mem_new((h->n_events + 1) * sizeof(*change));
	size_t most = 0;

	for (size_t k = 0; k < m->n_identities; k++) {
		int now = 0;

		for (size_t i = 0; i <= h->n_events; i++)
			change[i] = 0;
		for (size_t i = 0; i < m->n; i++) {
			if (m->items[i].sender != m->identities[k].id)
				continue;
			change[m->items[i].sent]++;
			if (m->items[i].received)
				change[m->items[i].received - 1]--;
		}
		for (size_t i = 0; i < h->n_events; i++) {
			now += change[i];
			if (now > 0 && (size_t)now > most)
				most = (size_t)now;
		}
	}
	free(change);
	return most;
}

static void check_messages(const struct property_input *in, bool waited, struct verdict *out)
{
	struct messages m;
	size_t n_lost = 0, first = 0;

	messages_init(&m, in->history);
	for (size_t i = 0; i < m.n; i++)
		if (message_is_lost(in, &m, &m.items[i])) {
			if (!n_lost++ || m.items[i].sent < first)
				first = m.items[i].sent;
			verdict_evidence(out, m.items[i].sent);
		}
	if (!waited && most_under_way(&m, in->history) < 2)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "no sender outran its receiver");
	else if (n_lost)
		verdict_set(out, who_was_cut(in) ? VERDICT_UNKNOWN : VERDICT_VIOLATED,
			"%zu messages vanished, and %s was neither held up nor told", n_lost,
			who_name(in->history, in->history->events[first].proc));
	messages_fini(&m);
}

static void check_traffic(const struct property_input *in, bool waited, struct verdict *out)
{
	enum verdict_value bad = who_was_cut(in) ? VERDICT_UNKNOWN : VERDICT_VIOLATED;
	struct traffic t;

	traffic_init(&t, in);
	for (size_t i = 0; i < t.n_datagrams; i++)
		if (t.datagrams[i].fate == FATE_LOST) {
			verdict_evidence(out, t.datagrams[i].event);
			verdict_set(out, bad,
				"a datagram of %llu bytes vanished, and its sender was neither held up nor told",
				(unsigned long long)t.datagrams[i].length);
		}
	for (size_t i = 0; i < t.n_flows; i++)
		if (t.flows[i].judged && t.flows[i].sent > t.flows[i].received)
			verdict_set(out, bad, "%llu bytes on %s vanished",
				(unsigned long long)(t.flows[i].sent - t.flows[i].received),
				in->history->channels[t.flows[i].channel - 1].name);
	if (!waited)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "no sender outran its receiver");
	traffic_fini(&t);
}

static void backpressure_check(const struct property_input *in, struct verdict *out)
{
	bool waited = first_wait(in->history) > 0;

	if (messages_are_told(in))
		check_messages(in, waited, out);
	else
		check_traffic(in, waited, out);
}

const struct property property_backpressure = {
	.name = "backpressure",
	.summary = "a slow receiver makes the sender wait or be told; nothing vanishes",
	.about = "flow",
	.needs_all_events = true,
	.senseless = applies_to_messages,
	.check = backpressure_check,
};
