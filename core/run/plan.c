/* SPDX-License-Identifier: MIT */
#include "core/run/run.h"

#include <string.h>

#include "core/base/banned.h"
#include "core/model/plan.h"

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
		plan->state[i].armed = !f->has_armed_by;
	}
}
