/* SPDX-License-Identifier: MIT */
/* After the drivers: every one of them once more, without faults. Is the service still whole? */
#include <stdio.h>

#include "core/base/banned.h"
#include "core/run/box.h"

/* Is there nobody left to be asked? */
static bool services_gone(const struct box *box)
{
	uint32_t n = 0, n_alive = 0;

	for (uint32_t i = 0; i < box->n_instances; i++) {
		n += !box->instances[i].driver;
		n_alive += !box->instances[i].driver && instance_alive(&box->instances[i]);
	}
	return n && !n_alive;
}

int box_again(struct box *box)
{
	struct outcome *out = box->out;
	struct plan *plan = arena_plan(box->arena);
	uint32_t n_before = box->n_instances;

	if (services_gone(box))
		return 0;
	atomic_store(&plan->healed, 1);
	box_quiet_wait(box);
	box_take_news(box);
	/* It may serve one driver and end, by now. */
	if (services_gone(box))
		return 0;
	for (uint32_t i = 0; i < n_before && out->end == RUN_DONE; i++) {
		struct instance *in = &box->instances[i];
		struct role_outcome *o;
		int error;

		if (!in->driver || out->n_roles >= OUTCOME_ROLES)
			continue;
		capture_end(&in->out);
		capture_end(&in->err);
		o = &out->roles[out->n_roles++];
		role_outcome_reset(o, in);
		snprintf(o->name, sizeof(o->name), "%.40s~probe", in->name);
		in->outcome = o;
		in->killed = in->stop_sent = false;
		capture_begin(&in->out, &o->out);
		capture_begin(&in->err, &o->err);
		box->last = (struct look){ .n_moving = 1 };
		deadline_begin(box);
		error = instance_start(box, in, out->why, sizeof(out->why));
		if (!error)
			error = box_wait_until(box, drivers_ended);
		if (error)
			return error;
		o->hello = arena_proc_of(box->arena, o->pid) != 0;
	}
	return 0;
}
