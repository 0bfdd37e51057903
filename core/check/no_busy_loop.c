/* SPDX-License-Identifier: MIT */
/*
 * no-busy-loop: nobody makes the same vain call over and over.
 *
 * A call is vain if it failed, or received nothing. Violated when one thread makes the same one (call, object, place in
 * the program, error) a thousand times with no progress and no real wait in between: no byte moved, nothing opened,
 * accepted or told, and no call that took a millisecond. Calls that only find out that there is something to do (poll
 * and its kin) are neither; one of them, or the vain call itself, that took long now and then has been without a
 * processor, not waiting: who waits does so every few rounds. The runner, too, may have found a role that spins.
 */
#include <stdlib.h>

#include "core/base/str.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

enum { MOST_IN_VAIN = 1000, VAIN_FOR_A_WAIT = 128 };

struct spinner {
	uint32_t proc, tid;
	struct event vain;	/* the call that is counted */
	size_t n, first;
	size_t waits;		/* among them: calls that took long, and may have waited */
};

struct spinners {
	struct spinner *items;
	size_t n;
};

static struct spinner *spinner_of(struct spinners *s, uint32_t proc, uint32_t tid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->items[i].proc == proc && s->items[i].tid == tid)
			return &s->items[i];
	s->items = mem_grow(s->items, (s->n + 1) * sizeof(*s->items));
	s->items[s->n] = (struct spinner){ .proc = proc, .tid = tid };
	return &s->items[s->n++];
}

static bool is_vain(const struct event *e)
{
	return e->error || (history_call_of(e->call).way == WAY_OUT && !e->result);
}

static bool is_same(const struct event *a, const struct event *b)
{
	return a->call == b->call && a->object == b->object && a->site == b->site && a->error == b->error;
}

/* Does a call that took long end the row? */
static bool has_waited(struct spinner *s, const struct event *e, uint8_t family)
{
	if (family != FAMILY_WAIT && !(is_vain(e) && is_same(&s->vain, e)))
		return true;
	return ++s->waits * VAIN_FOR_A_WAIT > s->n;
}

/* True when the thread has reached the limit with this event. */
static bool spinner_step(struct spinner *s, const struct history *h, size_t index)
{
	const struct event *e = &h->events[index].e;
	uint8_t family = history_call_of(e->call).family;
	bool is_long = h->tick_hz && e->ticks >= h->tick_hz / 1000;

	if (e->kind == EV_STRIKE)
		return false;
	if (e->kind != EV_CALL || (is_long && has_waited(s, e, family))) {
		s->n = 0;
		return false;
	}
	if (is_long)
		return false;
	if (!is_vain(e)) {
		if (family != FAMILY_WAIT)
			s->n = 0;
		return false;
	}
	if (!s->n) {
		s->waits = 0;
		s->vain = *e;
		s->first = index;
	} else if (!is_same(&s->vain, e)) {
		/* of two that take turns, the first goes on being counted */
		return false;
	}
	return ++s->n == MOST_IN_VAIN;
}

static void no_busy_loop_check(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;
	struct spinners s = { .items = NULL };

	for (size_t i = 0; i < h->n_events; i++) {
		struct spinner *x = spinner_of(&s, h->events[i].proc, h->events[i].e.tid);

		if (!spinner_step(x, h, i))
			continue;
		verdict_evidence(out, x->first);
		verdict_evidence(out, i);
		verdict_set(out, VERDICT_VIOLATED, "%s made the same vain %s() %d times without any progress",
			who_name(h, x->proc), who_call(x->vain.call), MOST_IN_VAIN);
	}
	free(s.items);
	if (in->outcome->end == RUN_SPUN)
		verdict_set(out, VERDICT_VIOLATED, "%.180s",
			in->outcome->why[0] ? in->outcome->why : "a role goes on and on without progress");
}

const struct property property_no_busy_loop = {
	.name = "no-busy-loop",
	.summary = "nobody makes the same vain call over and over",
	.about = "liveness",
	.check = no_busy_loop_check,
};
