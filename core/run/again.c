/* SPDX-License-Identifier: MIT */
/*
 * After the drivers: services that have died are started again, and every driver runs once more, without faults. Is the
 * service still whole?
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"

/* Is there nobody left to be asked? */
static bool services_gone(const struct box *box)
{
	uint32_t n = 0, n_alive = 0;

	for (uint32_t i = 0; i < box->n_instances; i++) {
		n += !box->instances[i].driver && box->instances[i].phase != PHASE_SPARE;
		n_alive += !box->instances[i].driver && instance_alive(&box->instances[i]);
	}
	return n && !n_alive;
}

/* It was struck, it crashed, or it gave up. Who ended well has done its work. */
static bool has_died(const struct instance *in)
{
	const struct role_outcome *r = in->outcome;

	return in->phase == PHASE_ENDED && !in->stop_sent && !in->killed && (r->ended != ENDED_EXIT || r->status);
}

static bool any_to_restart(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++)
		if (box->instances[i].spare && has_died(&box->instances[i]))
			return true;
	return false;
}

/* What it has forked goes with it, as a service manager ends all of a service before it starts it again. */
static void children_end(struct box *box, const struct instance *in)
{
	int64_t deadline = clock_ns() + NS_PER_S;
	bool some = true;

	while (some && clock_ns() < deadline) {
		some = false;
		box_tree(box);
		for (uint32_t i = 0; i < box->n_tree; i++) {
			uint32_t proc = arena_proc_of(box->arena, box->tree[i]);

			if (proc && box->arena->procs[proc - 1].role == in->slot && process_runs(box->tree[i]))
				some |= kill(box->tree[i], SIGKILL) == 0;
		}
		if (some)
			box_wait_news(box, 1);
	}
}

static bool restarts_ready(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		const struct instance *in = &box->instances[i];

		if (in->is_spare && instance_alive(in) && !in->outcome->ready)
			return false;
	}
	return true;
}

/* The run has all instances up to its spare from now on. */
static struct instance *spare_take(struct box *box, const struct instance *in)
{
	while (box->n_instances <= in->spare) {
		instance_begin(&box->instances[box->n_instances], &box->out->roles[box->n_instances]);
		box->n_instances++;
	}
	box->out->n_roles = box->n_instances;
	box->instances[in->spare].outcome->instead_of = in->slot + 1;
	return &box->instances[in->spare];
}

static int service_restart(struct box *box, const struct instance *in)
{
	struct instance *spare = spare_take(box, in);
	int error;

	children_end(box, in);
	ready_begin_late(box, spare);
	box->last = (struct look){ .n_moving = 1 };
	deadline_begin(box);
	error = instance_start(box, spare, box->out->why, sizeof(box->out->why));
	if (!error)
		error = box_wait_until(box, restarts_ready);
	return error;
}

/* In the order of the file, each when the one before it is ready. False: one of them did not come up. */
static bool services_restart(struct box *box, int *error)
{
	uint32_t n = box->n_instances;

	*error = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct instance *in = &box->instances[i];

		if (!in->spare || !has_died(in))
			continue;
		*error = service_restart(box, in);
		if (*error || box->out->end != RUN_DONE || !box->instances[in->spare].outcome->ready)
			return false;
	}
	return true;
}

static int driver_again(struct box *box, struct instance *in)
{
	struct outcome *out = box->out;
	struct role_outcome *o = &out->roles[out->n_roles++];
	int error;

	capture_end(&in->out);
	capture_end(&in->err);
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
	if (!error)
		o->hello = arena_proc_of(box->arena, o->pid) != 0;
	return error;
}

int box_again(struct box *box, const struct run_options *options)
{
	struct outcome *out = box->out;
	struct plan *plan = arena_plan(box->arena);
	bool restart = options->restart && box->n_prepared > box->n_instances && plan->n_faults;
	int error = 0;

	if (!restart && (!options->probe || services_gone(box)))
		return 0;
	/* A service that sees the end of a driver may still be struck in what it does about it. */
	if (restart)
		box_quiet_wait(box);
	atomic_store(&plan->healed, 1);
	box_quiet_wait(box);
	box_take_news(box);
	restart = restart && fault_fired(box) && any_to_restart(box);
	if (restart && !services_restart(box, &error))
		return error;
	/* It may serve one driver and end, by now. */
	if ((!restart && !options->probe) || services_gone(box))
		return 0;
	for (uint32_t i = 0; i < box->n_instances && out->end == RUN_DONE && !error; i++)
		if (box->instances[i].driver && out->n_roles < OUTCOME_ROLES)
			error = driver_again(box, &box->instances[i]);
	return error;
}

static void role_remove(struct outcome *o, uint32_t index)
{
	memmove(&o->roles[index], &o->roles[index + 1], (o->n_roles - index - 1) * sizeof(o->roles[0]));
	o->n_roles--;
	for (uint32_t i = 0; i < o->n_left; i++)
		o->left[i].owner -= o->left[i].owner > index + 1;
	for (uint32_t i = 0; i < o->n_waiters; i++)
		o->waiters[i].role -= o->waiters[i].role > index;
	for (uint32_t i = 0; i < o->n_starving; i++)
		o->starving[i].role -= o->starving[i].role > index;
}

void spares_drop(struct box *box)
{
	for (uint32_t i = box->n_instances; i-- > 0;)
		if (box->instances[i].phase == PHASE_SPARE)
			role_remove(box->out, i);
}
