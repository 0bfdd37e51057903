/* SPDX-License-Identifier: MIT */
/* The call waits until another one has happened elsewhere: an order of events made certain, without a clock. */
#include "faults/preload/inject.h"

static enum refusal strike(struct inv *v, const struct strike *s)
{
	uint64_t limit = (uint64_t)((double)s->fault->limit_ns * arena->time_scale), until = now_ns() + limit;

	if (v->thread)
		v->thread->flags |= EVF_TIMED;
	while (!atomic_load(&s->state->released)) {
		uint64_t now = now_ns();

		if (now >= until) {
			atomic_fetch_add(&s->state->expired, 1);
			break;
		}
		futex_wait_ns(&s->state->released, 0, until - now);
	}
	if (v->thread)
		v->thread->flags = v->flags;
	return REFUSED_NOT;
}

const struct action_code act_hold = { .strike = strike };
