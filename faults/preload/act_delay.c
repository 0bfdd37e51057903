/* SPDX-License-Identifier: MIT */
/* The call begins, or returns, so much later: the scheduler, the network or the other side was slow. */
#include "faults/preload/inject.h"

static enum refusal strike(struct inv *v, const struct strike *s)
{
	if (v->thread)
		v->thread->flags |= EVF_TIMED;
	atomic_fetch_add(&s->state->delayed, 1);
	wait_ns((uint64_t)((double)s->fault->value * arena->time_scale));
	atomic_fetch_sub(&s->state->delayed, 1);
	if (v->thread)
		v->thread->flags = v->flags;
	return REFUSED_NOT;
}

const struct action_code act_delay = { .strike = strike };
