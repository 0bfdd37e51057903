/* SPDX-License-Identifier: MIT */
/*
 * priority: of the messages that are queued, one of the highest priority is received first.
 *
 * The priority of a numbered message is told in bits 56 to 63 of its sequence (messages.h). A message was queued when
 * the send that followed its EV_SENT had returned; a receipt was made by the receive-like call before its EV_RECEIVED:
 * only if the one was over before the other began could that call have taken the better message. In a history without
 * any calls, the order of the events stands for both.
 */
#include <stdlib.h>

#include "core/base/str.h"
#include "core/check/applies.h"
#include "core/check/messages.h"
#include "core/base/banned.h"

struct stay {
	const struct message *message;
	uint64_t queued, taken;		/* stamps; UINT64_MAX: never, or not known */
};

static bool has_calls(const struct history *h)
{
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.kind == EV_CALL)
			return true;
	return false;
}

static bool same_thread(const struct history_event *a, const struct history_event *b)
{
	return a->proc == b->proc && a->e.tid == b->e.tid;
}

static uint64_t queued_at(const struct history *h, size_t sent)
{
	for (size_t i = sent + 1; i < h->n_events; i++) {
		const struct event *e = &h->events[i].e;

		if (!same_thread(&h->events[i], &h->events[sent]))
			continue;
		if (e->kind == EV_SENT)
			break;
		if (e->kind == EV_CALL && !e->error && history_call_of(e->call).way == WAY_IN)
			return e->stamp + e->ticks;
	}
	return UINT64_MAX;
}

static uint64_t taken_at(const struct history *h, size_t received)
{
	for (size_t i = received; i-- > 0;) {
		const struct event *e = &h->events[i].e;

		if (!same_thread(&h->events[i], &h->events[received]))
			continue;
		if (e->kind == EV_CALL && !e->error && history_call_of(e->call).way == WAY_OUT)
			return e->stamp - e->ticks;
	}
	return 0;
}

static struct stay stay_of(const struct history *h, bool calls, const struct message *x)
{
	struct stay s = { .message = x, .queued = h->events[x->sent].e.stamp, .taken = UINT64_MAX };

	if (calls)
		s.queued = queued_at(h, x->sent);
	if (x->received)
		s.taken = calls ? taken_at(h, x->received - 1) : h->events[x->received - 1].e.stamp;
	return s;
}

static bool was_passed_over(const struct stay *better, const struct stay *worse)
{
	const struct message *b = better->message, *w = worse->message;

	return message_priority(b->sequence) > message_priority(w->sequence) && b->receiver == w->receiver &&
	       w->received && better->queued < worse->taken && (!b->received || b->received > w->received);
}

static void stays_compare(const struct property_input *in, const struct stay *stays, size_t n, struct verdict *out)
{
	char low[MESSAGE_TEXT], high[MESSAGE_TEXT];

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			const struct message *b = stays[i].message, *w = stays[k].message;

			if (!was_passed_over(&stays[i], &stays[k]))
				continue;
			if (out->value == VERDICT_HOLDS) {
				verdict_evidence(out, b->sent);
				verdict_evidence(out, w->received - 1);
			}
			verdict_set(out, VERDICT_VIOLATED, "%s was received while %s was waiting",
				message_text(&in->history->events[w->sent].e, low),
				message_text(&in->history->events[b->sent].e, high));
			return;
		}
}

static void priority_check(const struct property_input *in, struct verdict *out)
{
	bool calls = has_calls(in->history), differ = false;
	struct messages m;
	struct stay *stays;

	messages_init(&m, in->history);
	stays = mem_new(m.n * sizeof(*stays));
	for (size_t i = 0; i < m.n; i++) {
		stays[i] = stay_of(in->history, calls, &m.items[i]);
		differ |= message_priority(m.items[i].sequence) != message_priority(m.items[0].sequence);
	}
	if (differ)
		stays_compare(in, stays, m.n, out);
	else
		verdict_set(out, VERDICT_NOT_APPLICABLE, "all messages have the same priority");
	free(stays);
	messages_fini(&m);
}

const struct property property_priority = {
	.name = "priority",
	.summary = "of what is queued, the message of the highest priority is received first",
	.about = "order",
	.needs_all_events = true,
	.senseless = applies_to_numbered,
	.check = priority_check,
};
