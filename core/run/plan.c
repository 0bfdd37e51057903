/* SPDX-License-Identifier: MIT */
#include "core/run/run.h"

#include <string.h>

#include "core/base/banned.h"
#include "core/model/plan.h"

static void set_join(struct call_set *to, const struct call_set *from)
{
	for (size_t i = 0; i < sizeof(to->bits) / sizeof(*to->bits); i++)
		to->bits[i] |= from->bits[i];
}

void plan_fill(struct arena *a, const struct scenario *s)
{
	struct plan *plan = arena_plan(a);

	memset(plan, 0, sizeof(*plan));
	a->seed = s->seed;
	plan->n_faults = (uint32_t)s->n_faults;
	for (size_t i = 0; i < s->n_faults; i++) {
		struct plan_fault *f = &plan->faults[i];

		*f = s->faults[i];
		f->realism = s->realism;
		set_join(&plan->armed, &f->where.at);
		if (f->has_armed_by)
			set_join(&plan->armed, &f->armed_by.at);
		if (f->has_until)
			set_join(&plan->armed, &f->until.at);
		plan->state[i].armed = !f->has_armed_by;
	}
}
