/* SPDX-License-Identifier: MIT */
/* The datagram arrives twice. */
#include "faults/preload/inject.h"

static enum refusal strike(struct inv *v, const struct strike *s)
{
	const struct object *o = object_at(v->object);

	if (!is_datagram(v) || s->after || row_family[v->row] != FAMILY_SEND)
		return REFUSED_KIND;
	if (o->kind != OBJ_UDP && s->fault->realism != REALISM_ANY)
		return REFUSED_RELIABLE;
	if (call_real(v) < 0)
		return REFUSED_NO_TARGET;
	v->flags |= EVF_DUPLICATED;
	return REFUSED_NOT;
}

const struct action_code act_duplicate = { .strike = strike };
