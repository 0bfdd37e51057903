/* SPDX-License-Identifier: MIT */
/*
 * no-starvation: while one client stalls, the others are served.
 *
 * A client stalls while a strike holds it up (delay, pause, hold), from its death by a strike to the end, or while it
 * sleeps for a long time, or does nothing at all for a very long one, waiting for nobody. Another client starved if it
 * got no answer for more than half of such a time, with a request open that was answered only afterwards, or never. Of
 * a client that was stopped for good the run itself tells whether the other drivers had ended, and how, before it went
 * on.
 */
#include <stdlib.h>

#include "core/base/str.h"
#include "core/check/applies.h"
#include "core/check/requests.h"
#include "core/check/waits.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

#define STRUCK_NS 10000000	/* a stall by a strike is as long as this … */
#define SLEPT_NS 100000000	/* … one that the client sleeps … */
#define IDLE_NS 1000000000	/* … and one without either so long that no busy machine makes it */

struct stall {
	uint32_t proc;
	uint32_t begin;		/* event */
	uint64_t from, to;	/* stamps */
};

struct stalls {
	const struct property_input *in;
	struct stall *items;
	size_t n;
	uint64_t end;		/* of the history */
};

static int64_t ns_between(const struct history *h, uint64_t from, uint64_t to)
{
	return history_ns(h, to) - history_ns(h, from);
}

static bool holds_up(const struct history_event *e)
{
	return e->e.kind == EV_STRIKE && (e->e.asked == ACT_DELAY || e->e.asked == ACT_PAUSE || e->e.asked == ACT_HOLD);
}

/* Did a strike hold this process up between the two events? */
static bool was_held_up(const struct property_input *in, uint32_t proc, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (holds_up(&in->history->events[i]) && who_is_hit(in, &in->history->events[i], proc))
			return true;
	return false;
}

/* How long a process has to do nothing between two events, so that it is by its own will; -1: it was in a call. */
static int64_t idle_least_ns(const struct event *from, const struct event *to)
{
	uint64_t gap = to->stamp - from->stamp;

	if (to->kind == EV_CALL && to->ticks >= gap / 2)
		return history_call_of(to->call).family == FAMILY_SLEEP ? SLEPT_NS : -1;
	if (from->kind == EV_CALL && history_call_of(from->call).way == WAY_IN && from->ticks >= gap / 2)
		return -1;
	return IDLE_NS;
}

static void stall_add(struct stalls *s, uint32_t proc, size_t begin, uint64_t to)
{
	s->items = mem_grow(s->items, (s->n + 1) * sizeof(*s->items));
	s->items[s->n++] = (struct stall){ .proc = proc, .begin = (uint32_t)begin,
		.from = s->in->history->events[begin].e.stamp, .to = to };
}

static void gap_judge(struct stalls *s, uint32_t proc, size_t from, size_t to)
{
	const struct history *h = s->in->history;
	int64_t ns = ns_between(h, h->events[from].e.stamp, h->events[to].e.stamp), least;

	if (ns < STRUCK_NS)
		return;
	least = idle_least_ns(&h->events[from].e, &h->events[to].e);
	if (was_held_up(s->in, proc, from, to) || (least >= 0 && ns >= least))
		stall_add(s, proc, from, h->events[to].e.stamp);
}

static void client_read(struct stalls *s, uint32_t proc)
{
	const struct history *h = s->in->history;
	size_t last = h->n_events;

	for (size_t i = 0; i < h->n_events; i++) {
		if (h->events[i].proc != proc || h->events[i].e.kind == EV_INVOKED)
			continue;
		if (last < h->n_events)
			gap_judge(s, proc, last, i);
		last = i;
	}
	if (last < h->n_events && ns_between(h, h->events[last].e.stamp, s->end) >= STRUCK_NS &&
		(who_died(s->in, proc) || was_held_up(s->in, proc, last, h->n_events)))
		stall_add(s, proc, last, s->end);
}

/* When the process last got an answer before that; 0: never. */
static uint64_t last_answer(const struct history *h, const struct requests *r, uint32_t proc, uint64_t before)
{
	uint64_t last = 0;

	for (size_t i = 0; i < r->n; i++) {
		uint64_t at = r->items[i].answered ? h->events[r->items[i].answered - 1].e.stamp : 0;

		if (r->items[i].proc == proc && at < before && at > last)
			last = at;
	}
	return last;
}

static bool has_starved(
	const struct stalls *s, const struct requests *r, const struct stall *t, const struct request *q)
{
	const struct history *h = s->in->history;
	uint64_t from = h->events[q->sent].e.stamp, served = last_answer(h, r, q->proc, t->to);
	uint64_t to = q->answered ? h->events[q->answered - 1].e.stamp : s->end;

	if (q->proc == t->proc || (q->answered && to < t->to) || who_died(s->in, q->proc))
		return false;
	/* Who is held up as well, since then or before, is not waiting for the other one. */
	if (was_held_up(s->in, q->proc, q->sent < t->begin ? q->sent : t->begin, h->n_events))
		return false;
	if (from < t->from)
		from = t->from;
	if (from < served)
		from = served;
	if (to > t->to)
		to = t->to;
	return to > from && to - from > (t->to - t->from) / 2;
}

static void stalls_judge(const struct stalls *s, const struct requests *r, struct verdict *out)
{
	const struct history *h = s->in->history;

	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < r->n; k++) {
			const struct stall *t = &s->items[i];
			const struct request *q = &r->items[k];

			if (!has_starved(s, r, t, q))
				continue;
			if (out->value == VERDICT_HOLDS) {
				verdict_evidence(out, t->begin);
				verdict_evidence(out, q->sent);
				if (q->answered)
					verdict_evidence(out, q->answered - 1);
			}
			verdict_set(out, VERDICT_VIOLATED, "%s got no answer while %s stalled for %lld ms",
				who_name(h, q->proc), who_name(h, t->proc),
				(long long)(ns_between(h, t->from, t->to) / 1000000));
		}
}

static bool asks(const struct requests *r, uint32_t proc)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].proc == proc)
			return true;
	return false;
}

static bool stops_for_good(const struct property_input *in)
{
	return in->outcome && in->outcome->stalled[0];
}

static void starved_judge(const struct property_input *in, struct verdict *out)
{
	struct str s = STR_NONE;

	for (size_t i = 0; i < in->history->n_events; i++)
		if (holds_up(&in->history->events[i]) && in->history->events[i].e.result == PAUSE_FOR_GOOD)
			verdict_evidence(out, i);
	waits_starved(&s, in->outcome);
	verdict_set(out, VERDICT_VIOLATED, "%s", str_get(&s));
	str_fini(&s);
}

/* All others have ended before it went on: did one of them give up? */
static void served_judge(const struct property_input *in, struct verdict *out)
{
	const struct outcome *o = in->outcome;

	for (uint32_t i = 0; i < o->n_roles; i++) {
		const struct role_outcome *r = &o->roles[i],
			*base = in->baseline ? outcome_counterpart(in->baseline, o, i) : NULL;

		if (r->driver && !outcome_is_probe(r) && !role_owns(r, o->stalled) && r->ended == ENDED_EXIT &&
			r->status && !(base && base->status == r->status))
			verdict_set(out, VERDICT_VIOLATED, "%s ended with status %d while %s was stopped", r->name,
				r->status, o->stalled);
	}
}

static void no_starvation_check(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;
	struct stalls s = { .in = in, .end = h->n_events ? h->events[h->n_events - 1].e.stamp : 0 };
	struct messages m;
	struct requests r;
	size_t n_clients = 0;

	messages_init(&m, h);
	requests_init(&r, &m, h);
	for (uint32_t p = 0; p < h->n_procs; p++) {
		if (!asks(&r, p) && !who_is_driver(in, p))
			continue;
		n_clients++;
		client_read(&s, p);
	}
	if (n_clients < 2)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "there is only one client");
	else if (stops_for_good(in) && in->outcome->starved)
		starved_judge(in, out);
	else if (stops_for_good(in))
		served_judge(in, out);
	else if (!s.n)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "no client stalled");
	stalls_judge(&s, &r, out);
	free(s.items);
	requests_fini(&r);
	messages_fini(&m);
}

static const char *senseless(const struct property_input *in)
{
	return stops_for_good(in) ? NULL : applies_to_requests(in);
}

const struct property property_no_starvation = {
	.name = "no-starvation",
	.summary = "while one client stalls, the others are served",
	.about = "liveness",
	.needs_all_events = true,
	.senseless = senseless,
	.check = no_starvation_check,
};
