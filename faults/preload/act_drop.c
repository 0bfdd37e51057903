/* SPDX-License-Identifier: MIT */
/* The datagram is lost on its way; nobody is told. */
#include "faults/preload/inject.h"

static enum refusal strike(struct inv *v, const struct strike *s)
{
	const struct object *o = object_at(v->object);

	if (!is_datagram(v) || s->after)
		return REFUSED_KIND;
	if (o->kind != OBJ_UDP && s->fault->realism != REALISM_ANY)
		return REFUSED_RELIABLE;
	if (row_family[v->row] == FAMILY_RECEIVE) {
		/* What has arrived is taken and thrown away; the program's own receive then waits for the next. */
		if (call_real(v) < 0)
			return REFUSED_NO_TARGET;
		return REFUSED_NOT;
	}
	v->skip = true;
	v->result = v->result_kind == RES_I ? (v->shape == SH_MMSG_OUT ? 1 : 0) : v->asked;
	v->flags |= EVF_DROPPED;
	return REFUSED_NOT;
}

const struct action_code act_drop = { .strike = strike };
