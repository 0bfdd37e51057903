/* SPDX-License-Identifier: MIT */
/*
 * What a process has printed, but not yet written when it forks, is in its child as well: a child that fails and ends
 * by exit() writes it once more. So the output begins with the same lines twice.
 */
#include "core/explore/internal.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/banned.h"

/* The bytes, in whole lines of what is printed without a fault, that stand twice at the beginning; 0: none. */
static uint32_t begun_twice(const struct output *o, const struct output *base)
{
	uint32_t n = 0;

	while (n < base->kept && n < o->kept && o->text[n] == base->text[n]) {
		n++;
		if (base->text[n - 1] == '\n' && 2 * n <= o->kept && memcmp(o->text, o->text + n, n) == 0)
			return 2 * n <= base->kept && memcmp(base->text, base->text + n, n) == 0 ? 0 : n;
	}
	return 0;
}

enum symptom judge_twice(const struct candidate *c, const struct role_outcome *r, const struct role_outcome *base,
	enum steadiness how, struct trial *t)
{
	uint32_t twice = how == STEADY ? begun_twice(&r->out, &base->out) : 0;

	if (!twice || !is_struck(c, r) || strcmp(c->process, r->name) == 0)
		return SYMPTOM_NONE;
	return judge_say(t, SYMPTOM_WRONG_OUTPUT, r->name,
		"%s prints its first %" PRIu32 " bytes twice: they were in a buffer when it forked", r->name, twice);
}
