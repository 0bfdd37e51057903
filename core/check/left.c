/* SPDX-License-Identifier: MIT */
#include "core/check/left.h"

#include "core/base/str.h"
#include "core/base/banned.h"

static void thing_add(struct str *s, const struct outcome *o, const struct left *l)
{
	str_addf(s, "%s%.*s", s->length ? ", " : "", (int)sizeof(l->text) - 1, l->text);
	if (l->owner && l->owner <= o->n_roles && l->owner <= OUTCOME_ROLES)
		str_addf(s, " (%s)", o->roles[l->owner - 1].name);
}

void left_check(const struct property_input *in, uint32_t kinds, struct verdict *out)
{
	const struct outcome *o = in->outcome;
	struct str s = STR_NONE;

	for (uint32_t i = 0; i < o->n_left && i < OUTCOME_LEFT; i++)
		if (kinds >> o->left[i].kind & 1 && !o->left[i].excused)
			thing_add(&s, o, &o->left[i]);
	if (s.length)
		verdict_set(out, VERDICT_VIOLATED, "left behind: %s", str_get(&s));
	else if (o->left_more)
		verdict_set(out, VERDICT_UNKNOWN, "%u more things were left behind than are named", o->left_more);
	str_fini(&s);
}
