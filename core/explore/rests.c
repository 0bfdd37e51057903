/* SPDX-License-Identifier: MIT */
/* How long a process rests by itself: what it does next waits for nobody, only for its time. */
#include "core/explore/internal.h"

#include "core/base/banned.h"
#include "core/model/call.h"

static bool is_rest(const struct event *e)
{
	const struct call *call = &call_table[e->call];

	if (call->family == FAMILY_SLEEP)
		return true;
	return call->family == FAMILY_WAIT && e->result == 0 && e->flags & EVF_TIMED && tells_patience(call);
}

uint32_t longest_rest_ms(const struct history *h)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct event *e = &h->events[i].e;

		if (e->kind == EV_CALL && e->call < n_calls && is_rest(e) && e->asked > longest)
			longest = e->asked;
	}
	return longest;
}
