/* SPDX-License-Identifier: MIT */
/*
 * no-hang: the run comes to its end by itself.
 *
 * Violated when every thread that was left waited for what nobody left could do, or when the time was over. The
 * sentence says who waits in which call for whom.
 */
#include "core/check/waits.h"
#include "core/check/who.h"
#include "core/base/banned.h"

/* The event of the call that this thread is in. */
static void evidence_find(const struct history *h, const struct waiter *w, struct verdict *out)
{
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.kind == EV_INVOKED && h->events[i].e.tid == w->tid) {
			verdict_evidence(out, i);
			return;
		}
}

static void no_hang_check(const struct property_input *in, struct verdict *out)
{
	const struct outcome *o = in->outcome;
	struct str s = STR_NONE;
	bool held = false;

	if (o->end != RUN_HUNG && o->end != RUN_TIMEOUT)
		return;
	for (uint32_t i = 0; i < o->n_waiters && i < OUTCOME_WAITERS; i++) {
		waits_add(&s, &o->waiters[i]);
		held |= o->waiters[i].held;
		evidence_find(in->history, &o->waiters[i], out);
	}
	if (held && o->why[0])
		str_addf(&s, "; %s", o->why);
	if (s.length)
		verdict_set(
			out, VERDICT_VIOLATED, "%s%s", o->end == RUN_HUNG ? "" : "the time was over: ", str_get(&s));
	else
		verdict_set(out, VERDICT_VIOLATED, "%s%s%.180s",
			o->end == RUN_HUNG ? "nobody could go on" : "the time was over", o->why[0] ? ": " : "", o->why);
	str_fini(&s);
}

const struct property property_no_hang = {
	.name = "no-hang",
	.summary = "the run comes to its end by itself",
	.about = "liveness",
	.check = no_hang_check,
};
