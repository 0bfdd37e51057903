/* SPDX-License-Identifier: MIT */
/* The incoming stream ends here, before what was still to come. */
#include "faults/preload/inject.h"

static enum refusal strike(struct inv *v, const struct strike *s)
{
	struct object *o = object_at(v->object);

	if (!o || s->after || row_family[v->row] != FAMILY_RECEIVE || (!is_stream(v) && !is_connection(v)))
		return REFUSED_KIND;
	arrival_wait(v, s->after);
	atomic_fetch_or(&o->flags, OBF_EOF);
	v->skip = true;
	v->result = 0;
	return REFUSED_NOT;
}

const struct action_code act_eof = { .strike = strike };
