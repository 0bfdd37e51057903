/* SPDX-License-Identifier: MIT */
/* One byte of the payload is inverted on its way. The program's own buffer is not touched when it sends. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <string.h>

enum { MOST = 65536 };
static unsigned char copy[MOST];	/* one at a time: two threads that corrupt at once would corrupt twice */

static enum refusal strike(struct inv *v, const struct strike *s)
{
	uint64_t byte = (uint64_t)s->fault->value;
	bool out = row_family[v->row] == FAMILY_SEND;

	if (s->fault->realism == REALISM_LINUX && object_at(v->object) && object_at(v->object)->kind != OBJ_UDP)
		return REFUSED_RELIABLE;
	if (s->after || byte >= v->asked)
		return REFUSED_NOT_SHORTER;
	if (out) {
		if ((v->shape != SH_BUF_OUT && v->shape != SH_BUF_OUT_FLAGS && v->shape != SH_BUF_OUT_TO &&
			    v->shape != SH_BUF_OUT_TIMED) || v->asked > MOST)
			return REFUSED_KIND;
		memcpy(copy, (const void *)v->a[1], v->asked);
		copy[byte] ^= 0xff;
		v->a[1] = (long)copy;
		return REFUSED_NOT;
	}
	if (v->shape != SH_BUF_IN && v->shape != SH_BUF_IN_FLAGS && v->shape != SH_BUF_IN_CHK &&
		v->shape != SH_BUF_IN_FROM)
		return REFUSED_KIND;
	v->result = call_real(v);
	v->error = errno;
	v->skip = true;
	if (v->result <= (long)byte)
		return REFUSED_NOT_SHORTER;
	((unsigned char *)v->a[1])[byte] ^= 0xff;
	return REFUSED_NOT;
}

const struct action_code act_corrupt = { .strike = strike };
