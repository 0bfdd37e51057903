/* SPDX-License-Identifier: MIT */
/*
 * Only the first bytes of the datagram arrive; the sender is told that all went. Of shared memory, whoever else has it
 * cuts off all but the first bytes.
 */
#include "faults/preload/inject.h"

#include <errno.h>

static enum refusal strike(struct inv *v, const struct strike *s)
{
	uint64_t keep = (uint64_t)s->fault->value;

	if (v->shape == SH_MMAP || row_family[v->row] == FAMILY_LOCK)
		return segment_truncate(v, s);
	if (!is_datagram(v) || s->after)
		return REFUSED_KIND;
	if (s->fault->realism == REALISM_LINUX && object_at(v->object)->kind != OBJ_UDP)
		return REFUSED_RELIABLE;
	if (keep >= v->asked)
		return REFUSED_NOT_SHORTER;
	switch (v->shape) {
	case SH_BUF_IN: case SH_BUF_IN_FLAGS: case SH_BUF_IN_CHK: case SH_BUF_IN_FROM:
		v->a[2] = (long)keep;
		return REFUSED_NOT;
	case SH_BUF_OUT: case SH_BUF_OUT_FLAGS: case SH_BUF_OUT_TO: case SH_BUF_OUT_TIMED: {
		long whole = v->a[2];

		v->a[2] = (long)keep;
		v->result = call_real(v);
		v->error = errno;
		v->a[2] = whole;
		if (v->result == (long)keep)
			v->result = whole;
		v->skip = true;
		return REFUSED_NOT;
	}
	default:
		return REFUSED_KIND;
	}
}

const struct action_code act_truncate = { .strike = strike };
