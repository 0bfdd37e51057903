/* SPDX-License-Identifier: MIT */
/*
 * Where a stream can end. Who dies in a write of a few pages has been killed before it or after it: the kernel takes
 * such a write as a whole, and what it has taken arrives.
 */
#include "core/explore/internal.h"

#include "core/base/banned.h"
#include "core/model/call.h"

enum { WHOLE_MOST = 16384 };

static bool moves(const struct event *e, uint32_t object, uint32_t family)
{
	return e->kind == EV_CALL && e->object == object && e->result > 0 && e->call < n_calls &&
	       call_table[e->call].family == family;
}

bool is_within_write(const struct history *h, const struct history_event *he, const struct object *o)
{
	uint64_t taken = 0, sent = 0;

	for (const struct history_event *one = h->events; one < he; one++)
		if (moves(&one->e, he->e.object, FAMILY_RECEIVE))
			taken += (uint64_t)one->e.result;
	for (size_t i = 0; i < h->n_events && sent < taken; i++) {
		const struct event *e = &h->events[i].e;

		if (!moves(e, o->peer, FAMILY_SEND))
			continue;
		sent += (uint64_t)e->result;
		if (sent > taken)
			return e->result <= WHOLE_MOST;
	}
	return false;
}
