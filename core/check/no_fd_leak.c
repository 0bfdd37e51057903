/* SPDX-License-Identifier: MIT */
/*
 * no-fd-leak: no service keeps descriptors of conversations that are over: sockets and pipes whose other end is gone,
 * memory that somebody passed who has ended, and what only counting shows. The runner looks when the drivers have
 * ended.
 */
#include "core/check/left.h"
#include "core/base/banned.h"

/*
 * Descriptors that no other end betrays: files, events, what was received. They can only be counted, and only where the
 * scenario names the property: a program may well open more as it goes.
 *
 * Against the run without faults; and against the clients: when each of several has left one of the same kind behind.
 */
static void growth_check(const struct property_input *in, const struct role_outcome *r, struct verdict *out)
{
	uint32_t n_drivers = 0;

	for (uint32_t i = 0; i < in->outcome->n_roles; i++)
		n_drivers += in->outcome->roles[i].driver;
	if (n_drivers >= 2 && r->fds_grown >= n_drivers)
		verdict_set(out, VERDICT_VIOLATED, "%s holds %u descriptors more of a kind (%s) after %u clients",
			r->name, r->fds_grown, r->fds_grown_kind, n_drivers);
}

static void count_check(const struct property_input *in, struct verdict *out)
{
	const struct outcome *o = in->outcome, *base = in->baseline;

	for (uint32_t i = 0; base && i < o->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &o->roles[i], *b = outcome_counterpart(base, o, i);

		if (!b || !r->service || r->ended == ENDED_BY_FAULT)
			continue;
		if (b->fds_at_end > 0 && r->fds_at_end > b->fds_at_end)
			verdict_set(out, VERDICT_VIOLATED, "%s holds %d descriptors, without the fault %d",
				r->name, r->fds_at_end, b->fds_at_end);
		else if (b->threads_at_end > 0 && r->threads_at_end > b->threads_at_end)
			verdict_set(out, VERDICT_VIOLATED, "%s has %d threads when all is over, without the fault %d",
				r->name, r->threads_at_end, b->threads_at_end);
		else
			growth_check(in, r, out);
	}
}

static void no_fd_leak_check(const struct property_input *in, struct verdict *out)
{
	left_check(in, 1u << LEFT_FD, out);
	if (out->value == VERDICT_HOLDS)
		count_check(in, out);
}

const struct property property_no_fd_leak = {
	.name = "no-fd-leak",
	.summary = "no descriptor of a conversation that is over stays open",
	.about = "what is left",
	.uses_baseline = true,
	.check = no_fd_leak_check,
};
