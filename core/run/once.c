/* SPDX-License-Identifier: MIT */
/* One run, from the first start to the last thing removed. */
#include "core/run/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/futex.h"
#include "core/sys/namespaces.h"
#include "core/sys/proc.h"
#include "core/sys/timewait.h"

/* Most runs are over within a rest of this length: no timer wakes the harness in the midst of them. */
enum { REST_MS = 2 };

static const int64_t stall_gap_ns = 5 * NS_PER_MS;
/* Where others than the roles can be reached over the network, give them time. */
static const int64_t stall_gap_shared_ns = 500 * NS_PER_MS;
/* Small TCP segments wait for the acknowledgement of the one before (Nagle), which may itself be late by 200 ms. */
static const int64_t stall_gap_tcp_ns = 400 * NS_PER_MS;

void role_outcome_reset(struct role_outcome *o, const struct instance *in)
{
	text_copy(o->name, sizeof(o->name), in->name);
	o->pid = 0;
	o->role = in->role;
	o->ended = ENDED_NOT;
	o->status = 0;
	o->driver = in->driver;
	o->service = !in->driver;
	o->sanitizer = in->program.runtime[0] ? SANITIZER_MEMORY :
		in->program.sanitized ? SANITIZER_RACES : SANITIZER_NONE;
	o->instead_of = 0;
	o->started = o->ready = o->hello = o->core = false;
	o->fds_at_ready = o->fds_at_end = -1;
	o->threads_at_end = 0;
	o->patient_at_end = 0;
	o->fds_grown = 0;
	o->child_signal = 0;
	o->end_varies = o->out_varies = o->err_varies = false;
	o->ended_ns = 0;
	o->cpu_ns = 0;
}

void instance_begin(struct instance *in, struct role_outcome *o)
{
	role_outcome_reset(o, in);
	in->outcome = o;
	capture_begin(&in->out, &o->out);
	capture_begin(&in->err, &o->err);
	in->phase = in->is_spare ? PHASE_SPARE : PHASE_HELD;
	in->pid = 0;
	in->asked = 0;
	in->stop_sent = in->killed = in->lingers = false;
	in->path_print = 0;
}

/* Not a memset: an outcome is two megabytes, of which a run uses little. */
static void outcome_reset(struct box *box, struct outcome *out)
{
	out->end = RUN_DONE;
	out->why[0] = '\0';
	out->blind[0] = out->spinner[0] = out->stalled[0] = '\0';
	out->starved = false;
	out->duration_ns = 0;
	out->n_roles = box->n_instances;
	out->n_left = out->left_more = out->n_waiters = out->n_starving = 0;
	out->n_blind = out->n_confined = out->n_files = 0;
	out->files_hash = 0;
	out->n_calls = 0;
	out->seen_all_events = true;
	for (uint32_t i = 0; i < box->n_instances; i++)
		instance_begin(&box->instances[i], &out->roles[i]);
}

void deadline_begin(struct box *box)
{
	box->deadline_ns = clock_ns() + (int64_t)((double)box->timeout_ns * box->scale);
}

static void run_begin(struct box *box, const struct run_options *options, struct outcome *out)
{
	box->out = out;
	box->n_instances = 0;
	while (box->n_instances < box->n_prepared && !box->instances[box->n_instances].is_spare)
		box->n_instances++;
	box->start_ns = clock_ns();
	box->timeout_ns = options && options->timeout_ns ? options->timeout_ns : box->scenario->timeout_ns;
	deadline_begin(box);
	box->last = (struct look){ .n_moving = 1 };
	box->spin_since_ns = 0;
	box->quiet_ns = options ? options->quiet_ns : 0;
	box->may_spin = (options && options->may_spin) || scenario_benign(box->scenario, "no-busy-loop");
	box->moving = options ? options->moving : NULL;
	if (box->moving)
		atomic_store(box->moving, 1);
	box->idle_since_ns = 0;
	outcome_reset(box, out);
	arena_reset(box->arena);
	box->arena->stop = 0;
	box_plan_expand(box);
	leftovers_before(box);
	ready_begin(box);
	box->arena->tick_base = tick_now();
}

/* In the order of the file; those that the preload cannot hold back wait here for what they come after. */
static int roles_start(struct box *box)
{
	int error = 0;

	for (uint32_t i = 0; i < box->n_instances; i++)
		if (box->instances[i].preloaded || !box->instances[i].after)
			instance_ask(box, &box->instances[i]);
	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];
		char why[sizeof(box->out->why)];
		int failed;

		/* After a failure only those that have begun already, so that they are known and can be ended. */
		if ((!in->preloaded && in->after) || (error && !in->asked))
			continue;
		failed = instance_start(box, in, error ? why : box->out->why, sizeof(why));
		error = error ? error : failed;
	}
	return error;
}

bool drivers_ended(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++)
		if (box->instances[i].driver && box->instances[i].phase != PHASE_ENDED)
			return false;
	return true;
}

static bool any_timer(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_tree; i++)
		if (proc_has_timer(box->tree[i]))
			return true;
	return false;
}

static void hung(struct box *box)
{
	struct outcome *o = box->out;

	o->end = RUN_HUNG;
	box_waiters(box);
	snprintf(o->why, sizeof(o->why),
		"nothing moves any more: %u thread%s of %u process%s wait%s and nobody is left to wake %s",
		box->last.n_threads, box->last.n_threads == 1 ? "" : "s", box->last.n_processes,
		box->last.n_processes == 1 ? "" : "es", box->last.n_threads == 1 ? "s" : "",
		box->last.n_threads == 1 ? "it" : "them");
}

/* Called when there was no news for a while. True: the run is over. */
static bool stalled(struct box *box, bool (*there)(const struct box *box))
{
	int64_t gap = box->parts & NAMESPACES_NET ? stall_gap_ns : stall_gap_shared_ns;
	struct look now;

	box_look(box, true, &now);
	if (!box->may_spin && box_spins(box, &now)) {
		box->out->end = RUN_SPUN;
		box_waiters(box);
		snprintf(box->out->why, sizeof(box->out->why), "%s goes on calling without any progress",
			box->out->spinner);
		return true;
	}
	if (!look_same(&box->last, &now, (int64_t)((double)gap * box->scale))) {
		/* Keep the older of two equal looks, so that the gap can grow. */
		if (!look_same(&box->last, &now, 0))
			box->last = now;
		return false;
	}
	if (now.n_timed || any_timer(box))
		return false;
	if (!look_same(&box->last, &now, (int64_t)((double)stall_gap_tcp_ns * box->scale)) && proc_tcp_in_flight())
		return false;
	box_take_news(box);
	if (there(box) || !now.n_processes)
		return false;
	if (ready_by_idleness(box)) {
		box->last = (struct look){ .n_moving = 1 };
		return false;
	}
	if (stall_in_vain(box))
		return false;
	hung(box);
	return true;
}

bool fault_fired(const struct box *box)
{
	const struct plan *plan = arena_plan(box->arena);

	for (uint32_t i = 0; i < plan->n_faults; i++)
		if (plan->state[i].fired)
			return true;
	return false;
}

/* A service that ended before it was ready, with no fault to blame: whoever needs it would wait in vain. */
static const struct instance *never_ready(const struct box *box)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		const struct instance *in = &box->instances[i];

		if (!in->driver && !in->outcome->ready && in->phase == PHASE_ENDED && !in->stop_sent && !in->killed)
			return fault_fired(box) ? NULL : in;
	}
	return NULL;
}

int box_wait_until(struct box *box, bool (*there)(const struct box *box))
{
	int pause_ms = REST_MS, error;

	while (!there(box) && !never_ready(box)) {
		int64_t left;

		stall_look(box);
		left = box->deadline_ns - clock_ns();
		if (left <= 0 || box_idles(box)) {
			if (stall_in_vain(box))
				continue;
			box->out->end = RUN_TIMEOUT;
			box_waiters(box);
			snprintf(box->out->why, sizeof(box->out->why), "not over after %.3g s",
				(double)(clock_ns() - box->start_ns) / (double)NS_PER_S);
			return 0;
		}
		if (box_wait_news(box, pause_ms)) {
			pause_ms = REST_MS;
			error = ready_look(box);
			if (error)
				return error;
			continue;
		}
		error = ready_look(box);
		if (error)
			return error;
		if (pause_ms > REST_MS && stalled(box, there))
			return 0;
		pause_ms = pause_ms < 8 ? pause_ms * 2 : 10;
	}
	return ready_look(box);
}

/* Nothing can be said about the rest then. */
static void judge_start(struct box *box)
{
	bool in_vain = box->out->end == RUN_HUNG || box->out->end == RUN_TIMEOUT;
	const struct instance *awaited = in_vain ? ready_waited_for(box) : NULL;
	const struct instance *in = never_ready(box);
	const struct role_outcome *r;
	const char *said;
	size_t n;

	if (awaited)
		ready_explain(awaited, box->out->why, sizeof(box->out->why));
	if (box->out->end != RUN_DONE || !in)
		return;
	r = in->outcome;
	said = r->err.kept ? r->err.text : r->out.text;
	n = strcspn(said, "\n");
	box->out->end = RUN_BROKEN;
	snprintf(box->out->why, sizeof(box->out->why), "role %s ended before it was ready: %s %d%s%.*s", in->name,
		r->ended == ENDED_EXIT ? "exit status" : "signal", r->status, n ? ": " : "", (int)(n < 300 ? n : 300),
		said);
}

/* A process below a role's own that crashed: only its parent was told, and may have made nothing of it. */
static void child_note(struct outcome *out, const struct proc *p)
{
	struct role_outcome *r = p->role < out->n_roles ? &out->roles[p->role] : NULL;

	if (!r || r->child_signal || !p->parent || !signal_is_crash(p->died_by))
		return;
	r->child_signal = p->died_by;
	text_copy(r->child, sizeof(r->child), p->name);
}

/* What was moved may stand beside a call, in slots of its own: that is no call. */
static uint32_t events_in(const struct chunk *c)
{
	uint32_t used = c->used < CHUNK_EVENTS ? c->used : CHUNK_EVENTS, n = 0;

	for (uint32_t i = 0; i < used; i++)
		n += c->events[i].kind != EV_TEXT;
	return n;
}

static void events_count(struct box *box)
{
	const struct arena *a = box->arena;
	uint32_t n_chunks = a->next_chunk < ARENA_CHUNKS ? a->next_chunk : ARENA_CHUNKS;
	uint64_t lost = a->lost;

	for (uint32_t i = 0; i < a->n_procs && i < ARENA_PROCS; i++) {
		lost += a->procs[i].lost;
		child_note(box->out, &a->procs[i]);
	}
	for (uint32_t i = 0; i < n_chunks; i++)
		box->out->n_calls += events_in(&a->chunks[i]);
	box->out->seen_all_events = lost == 0 && a->n_procs <= ARENA_PROCS;
}

static void run_end(struct box *box)
{
	box->arena->stop = 1;
	box_sweep(box);
	if (box->timewait && timewait_clear()) {
		timewait_set(false);
		box->timewait = false;
	}
	for (uint32_t i = 0; i < box->n_instances; i++) {
		capture_end(&box->instances[i].out);
		capture_end(&box->instances[i].err);
	}
	blind_collect(box);
	for (uint32_t i = 0; i < box->n_instances; i++)
		instance_zygote_settle(box, &box->instances[i]);
	leftovers_collect(box);
	events_count(box);
	spares_drop(box);
	box->out->duration_ns = clock_ns() - box->start_ns;
}

int run_once(struct box *box, const struct run_options *options, struct outcome *out)
{
	int error;

	run_begin(box, options, out);
	error = roles_start(box);
	if (!error)
		error = box_wait_until(box, drivers_ended);
	if (!error)
		judge_start(box);
	if (!error && out->end == RUN_DONE && options)
		error = box_again(box, options);
	if (!error && out->end == RUN_DONE) {
		box_settle(box);
		box_stop_services(box);
	}
	run_end(box);
	if (error)
		out->end = RUN_BROKEN;
	return error;
}
