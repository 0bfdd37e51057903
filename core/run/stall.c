/* SPDX-License-Identifier: MIT */
/*
 * Who is stopped for good: the others have to get on without. It goes on when every other driver has ended; or when
 * that shows to be in vain, and then they have starved.
 */
#include <string.h>

#include "core/base/banned.h"
#include "core/run/box.h"

/* The pause that lasts; NULL: there is none now. */
static struct plan_state *stall_of(const struct box *box)
{
	struct plan *plan = arena_plan(box->arena);

	for (uint32_t i = 0; i < plan->n_faults && i < PLAN_FAULTS; i++)
		if (atomic_load(&plan->state[i].resume_at) == RESUME_NEVER)
			return &plan->state[i];
	return NULL;
}

bool stall_holds(const struct box *box, int pid)
{
	const struct plan_state *state = stall_of(box);

	for (uint32_t i = 0; state && i < atomic_load(&state->n_paused) && i < PAUSED_MOST; i++)
		if (state->paused[i] == pid)
			return true;
	return false;
}

static bool is_stalled(const struct box *box, const struct plan_state *state, uint32_t instance)
{
	for (uint32_t i = 0; i < atomic_load(&state->n_paused) && i < PAUSED_MOST; i++) {
		uint32_t proc = arena_proc_of(box->arena, state->paused[i]);

		if (proc && box->arena->procs[proc - 1].role == instance)
			return true;
	}
	return false;
}

static void stall_end(struct box *box, struct plan_state *state)
{
	uint32_t proc = arena_proc_of(box->arena, state->paused[0]);

	text_copy(box->out->stalled, sizeof(box->out->stalled), proc ? box->arena->procs[proc - 1].name : "");
	atomic_store(&state->resume_at, 1);
	box->last = (struct look){ .n_moving = 1 };
	deadline_begin(box);
}

void stall_look(struct box *box)
{
	struct plan_state *state = stall_of(box);

	if (!state)
		return;
	for (uint32_t i = 0; i < box->n_instances; i++)
		if (box->instances[i].driver && box->instances[i].phase != PHASE_ENDED && !is_stalled(box, state, i))
			return;
	stall_end(box, state);
}

bool stall_in_vain(struct box *box)
{
	struct plan_state *state = stall_of(box);
	struct outcome *o = box->out;

	if (!state)
		return false;
	box_waiters(box);
	o->starved = true;
	o->n_starving = o->n_waiters;
	memcpy(o->starving, o->waiters, o->n_waiters * sizeof(o->waiters[0]));
	o->n_waiters = 0;
	stall_end(box, state);
	return true;
}
