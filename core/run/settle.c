/* SPDX-License-Identifier: MIT */
/* After the drivers: wait until the services are quiet, see what they hold on to, and stop them. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/namespaces.h"
#include "core/sys/proc.h"

enum { SETTLE_YIELDS = 16, AWAIT_YIELDS = 4 };

static int64_t scaled(const struct box *box, int64_t ns)
{
	return (int64_t)((double)ns * box->scale);
}

static bool any_service(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++)
		if (!box->instances[i].driver && instance_alive(&box->instances[i]))
			return true;
	return false;
}

/* Processes of the run that are neither a living role's own nor below one: their parents have ended. */
static bool is_stray(const struct box *box, int pid)
{
	uint32_t proc = arena_proc_of(box->arena, pid);

	for (uint32_t i = 0; i < box->n_instances; i++)
		if (instance_alive(&box->instances[i]) &&
			(box->instances[i].pid == pid || (proc && box->arena->procs[proc - 1].role == i)))
			return false;
	return true;
}

static uint32_t count_strays(const struct box *box)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < box->n_tree; i++)
		n += is_stray(box, box->tree[i]);
	return n;
}

/* Who is held up, or stopped, by a fault has not said its last. */
static bool any_delayed(const struct box *box)
{
	const struct plan *plan = arena_plan(box->arena);

	for (uint32_t i = 0; i < plan->n_faults; i++)
		if (atomic_load(&plan->state[i].delayed) || atomic_load(&plan->state[i].resume_at))
			return true;
	return false;
}

/*
 * Two looks with nobody running in between nor after: since a woken thread is no longer asleep, and one that went to
 * sleep again has counted a call, nothing was under way. Waits until then, or for limit_ns.
 */
static bool quiet_wait(struct box *box, bool deep, struct look *out, int64_t limit_ns)
{
	int64_t deadline = clock_ns() + limit_ns;
	struct look before = { .n_moving = 1 };
	int yields = 0, pause_ms = 1;

	for (;;) {
		box_look(box, deep, out);
		out->n_moving += any_delayed(box);
		if (look_same(&before, out, 0))
			return true;
		if (clock_ns() > deadline || (yields > SETTLE_YIELDS && box_spins(box, out)))
			return false;
		before = *out;
		if (!out->n_moving)
			continue;
		if (yields++ < SETTLE_YIELDS) {
			sched_yield();
			box_wait_news(box, 0);
		} else {
			box_wait_news(box, pause_ms);
			pause_ms = pause_ms < 8 ? pause_ms * 2 : 10;
		}
	}
}

/*
 * Between a driver and the next: services may still be seeing the end of the first, and its children be on their way
 * out, writing to what the next will write to.
 */
void box_quiet_wait(struct box *box)
{
	struct look now;

	box->spin_since_ns = 0;
	quiet_wait(box, false, &now, scaled(box, 500 * NS_PER_MS));
	box->spin_since_ns = 0;
}

static uint32_t owner_of_process(const struct box *box, int pid)
{
	uint32_t proc = arena_proc_of(box->arena, pid);

	return proc && box->arena->procs[proc - 1].role < box->n_instances ? box->arena->procs[proc - 1].role + 1 : 0;
}

static const char *process_name(const struct box *box, int pid)
{
	uint32_t proc = arena_proc_of(box->arena, pid);

	return proc ? box->arena->procs[proc - 1].name : "a process that the injector did not see";
}

/* Was a process that it was forked from struck by SIGKILL? Then nobody was left to see to it. */
static bool orphaned_by_fault(const struct box *box, int pid)
{
	const struct plan *plan = arena_plan(box->arena);
	uint32_t proc = arena_proc_of(box->arena, pid);

	for (uint32_t steps = 0; proc && proc <= ARENA_PROCS && steps < ARENA_PROCS; steps++) {
		for (uint32_t i = 0; i < plan->n_faults; i++)
			if (plan->faults[i].action == ACT_KILL && strcmp(plan->faults[i].target, "self") == 0 &&
				atomic_load(&plan->state[i].fired) &&
				atomic_load(&plan->state[i].struck_proc) == proc)
				return true;
		proc = box->arena->procs[proc - 1].parent;
	}
	return false;
}

/* Others may still talk to those that nobody sees to any more: what they hold for them is no mistake of theirs. */
static bool orphans_end(const struct box *box)
{
	bool some = false;

	for (uint32_t i = 0; i < box->n_tree; i++) {
		if (process_runs(box->tree[i]) && orphaned_by_fault(box, box->tree[i]))
			some |= kill(box->tree[i], SIGKILL) == 0;
	}
	return some;
}

static bool may_stay(const struct box *box, int pid)
{
	return orphaned_by_fault(box, pid) || box_patient(box, pid);
}

/* Processes and zombies that the last look found, into the outcome. */
static void processes_report(struct box *box)
{
	struct outcome *o = box->out;

	for (uint32_t i = 0; i < box->n_tree; i++) {
		char letter = proc_state_letter(box->tree[i]);
		uint32_t owner = owner_of_process(box, box->tree[i]);
		bool by_fault = owner && o->roles[owner - 1].ended == ENDED_BY_FAULT;

		if (letter == 'Z' && box_is_main(box, box->tree[i]))
			continue;
		if (letter == 'Z' && !is_stray(box, box->tree[i]))
			left_add(o, LEFT_ZOMBIE, owner, false, "zombie %s", process_name(box, box->tree[i]));
		else if (letter && letter != 'Z' && letter != 'X' && is_stray(box, box->tree[i]))
			left_add(o, LEFT_PROCESS, owner, by_fault || may_stay(box, box->tree[i]),
				"process %s still running", process_name(box, box->tree[i]));
	}
}

static void threads_count(struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];

		if (in->driver || !instance_alive(in))
			continue;
		in->outcome->threads_at_end = proc_thread_count(in->pid);
		in->outcome->patient_at_end = box_patient(box, in->pid);
	}
}

/* A service that saw its last client go may be about to end: asking the kernel about it costs more than to let it. */
static void ends_await(struct box *box)
{
	for (int i = 0; i < AWAIT_YIELDS && any_service(box); i++) {
		sched_yield();
		box_wait_news(box, 0);
	}
}

void box_settle(struct box *box)
{
	int64_t deadline = clock_ns() + scaled(box, 2500 * NS_PER_MS);
	bool deep = false;
	struct look now;
	int pause_ms = 1;

	box->spin_since_ns = 0;
	ends_await(box);
	if (!any_service(box)) {
		box_tree(box);
		if (!box->n_tree)
			return;
	}
	for (;;) {
		bool quiet = quiet_wait(box, deep, &now, scaled(box, 2500 * NS_PER_MS));

		if (!fds_look(box, false) && !now.n_zombies && !count_strays(box)) {
			threads_count(box);
			return;
		}
		/* Forgotten things may still be on their way out where somebody waits for a bounded time. */
		if ((deep && quiet && !now.n_timed) || clock_ns() > deadline) {
			if (!orphans_end(box))
				break;
			deadline = clock_ns() + scaled(box, 2500 * NS_PER_MS);
			pause_ms = 1;
		}
		/* One that spins will not become quiet; the history shows what it does. */
		if (!quiet && box->spin_since_ns)
			break;
		if (deep) {
			box_wait_news(box, pause_ms);
			pause_ms = pause_ms < 40 ? pause_ms * 2 : 50;
		}
		deep = true;
	}
	threads_count(box);
	fds_look(box, true);
	processes_report(box);
}

/* Who lets a timer run when it is told to end may mean to end by force when it is over. */
static void service_stop(struct box *box, struct instance *in)
{
	int64_t deadline = clock_ns() + scaled(box, 2 * NS_PER_S);
	bool has_more = true;

	in->stop_sent = true;
	kill(in->pid, in->spec->stop ? in->spec->stop : SIGTERM);
	/* Only if it is stopped: SIGCONT also takes a SIGSTOP back that a leak check of the role's own may wait for. */
	if (proc_state_letter(in->pid) == 'T')
		kill(in->pid, SIGCONT);
	while (instance_alive(in)) {
		int64_t left = deadline - clock_ns();

		if (left <= 0 && has_more && proc_has_timer(in->pid)) {
			has_more = false;
			left = scaled(box, 3 * NS_PER_S);
			deadline += left;
		}
		if (left <= 0)
			break;
		box_wait_news(box, (int)(left / NS_PER_MS) + 1);
	}
}

/* The last started first, so that nobody loses a service that it still uses. */
void box_stop_services(struct box *box)
{
	bool had_service = any_service(box);
	struct look now;

	for (uint32_t i = box->n_instances; i-- > 0;)
		if (!box->instances[i].driver && instance_alive(&box->instances[i]))
			service_stop(box, &box->instances[i]);
	if (!had_service)
		return;
	box_tree(box);
	if (!box->n_tree)
		return;
	/* Children of a service that see its end: let them go, and name those that stay. */
	quiet_wait(box, true, &now, scaled(box, 500 * NS_PER_MS));
	for (uint32_t i = 0; i < box->n_tree; i++) {
		uint32_t owner = owner_of_process(box, box->tree[i]);

		if (!process_runs(box->tree[i]) || !is_stray(box, box->tree[i]) ||
			(owner && box->instances[owner - 1].driver))
			continue;
		left_add(box->out, LEFT_PROCESS, owner,
			(owner && box->out->roles[owner - 1].ended != ENDED_EXIT) || may_stay(box, box->tree[i]),
			"process %s still running", process_name(box, box->tree[i]));
	}
}
