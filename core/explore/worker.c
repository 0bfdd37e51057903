/* SPDX-License-Identifier: MIT */
/* What is done inside the boxes: learn, strike. */
#include "core/explore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/base/str.h"
#include "core/model/call.h"
#include "core/sys/clock.h"
#include "core/sys/futex.h"

/* A driver that gives up by itself does so within this; after it, it hangs. */
#define PATIENCE_NS 6500000000
/* A service that ticks while nothing happens; one that gives up on a silent peer does so sooner. */
#define QUIET_NS 4000000000
#define CIRCLES_NS 1300000000
#define TURN_NS 20000000	/* between the beginnings of two drivers */
#define AGAIN_START_NS 60000000	/* what a box needs until it can run */
enum { SLOW_RANK = 1, AGAIN_RUNS = 8, CONTROL_TRIES = 8 };

/* c NULL: a run without faults. */
void plan_one(struct arena *a, const struct sweep *w, const struct candidate *c)
{
	struct plan *plan = arena_plan(a);

	memset(plan, 0, sizeof(*plan));
	a->seed = w->scenario->seed;
	plan->avoid_signals = w->avoid_signals;
	if (!c)
		return;
	plan->n_faults = 1;
	plan->faults[0] = c->fault;
	if (c->has_also)
		plan->faults[plan->n_faults++] = c->also;
	plan->n_faults += stalls_hold(w, c, &plan->faults[plan->n_faults], PLAN_FAULTS - plan->n_faults);
	for (uint32_t i = 0; i < plan->n_faults; i++)
		plan->state[i].armed = 1;
}

static struct run_options run_options_of(const struct sweep *w, const struct candidate *c)
{
	bool again = c && c->grade != GRADE_TRANSPARENT && !c->lasting;

	return (struct run_options){
		.probe = again,
		.restart = again,
		/* What never heals is only watched for running in circles. */
		.quiet_ns = QUIET_NS + 4 * w->baseline.duration_ns,
		.timeout_ns = c && c->lasting ? CIRCLES_NS : w->scenario->timeout_ns > PATIENCE_NS ? 0 : PATIENCE_NS,
	};
}

int worker_prepare(struct sweep *w, struct box *box)
{
	char why[512] = "";

	if (run_prepare(box, w->scenario, why, sizeof(why)) == 0)
		return 0;
	text_copy(w->harness_why, sizeof(w->harness_why), why);
	return EXIT_HARNESS;
}

static int broken(struct sweep *w, const struct outcome *o)
{
	text_copy(w->harness_why, sizeof(w->harness_why), o->why);
	return o->end == RUN_CANNOT ? EXIT_SKIPPED : EXIT_HARNESS;
}

static int positions_read(struct sweep *w, struct box *box)
{
	struct history h;

	if (history_read(box_arena(box), &h)) {
		text_copy(w->harness_why, sizeof(w->harness_why), "the history of the fault-free run cannot be read");
		return EXIT_HARNESS;
	}
	positions_collect(w, &h, box_arena(box));
	baseline_judge(w, &h);
	w->baseline.repeats = datagrams_repeated(&h);
	history_fini(&h);
	return 0;
}

/* The drivers begin one after the other, the last one first. How many there are. */
static uint32_t plan_reversed(struct arena *a, const struct sweep *w)
{
	static const uint32_t begins[] = { FAMILY_CONNECT, FAMILY_OPEN, FAMILY_SEND, FAMILY_RECEIVE, FAMILY_LOCK };
	const struct outcome *o = &w->baseline.outcome;
	struct plan *plan = arena_plan(a);
	uint32_t n = 0;

	plan_one(a, w, NULL);
	for (uint32_t i = o->n_roles; i-- > 0 && n < PLAN_FAULTS;) {
		struct plan_fault *f = &plan->faults[n];

		if (!o->roles[i].driver)
			continue;
		*f = (struct plan_fault){ .fd = -1, .trigger = TRIG_NTH, .n = 1, .times = 1, .action = ACT_DELAY,
					  .value = n * TURN_NS };
		text_copy(f->where.in, sizeof(f->where.in), o->roles[i].name);
		for (size_t k = 0; k < sizeof(begins) / sizeof(*begins); k++)
			for (uint32_t row = 0; row < n_calls; row++)
				if (call_table[row].family == begins[k])
					call_set_add(&f->where.at, row);
		plan->state[n++].armed = 1;
	}
	plan->n_faults = n;
	return n;
}

/*
 * The scheduler gives the same order to every undisturbed run, but no program has to come out the same in another one.
 */
static int learn_order(struct sweep *w, struct box *box, struct outcome *out)
{
	struct run_options options = run_options_of(w, NULL);

	if (plan_reversed(box_arena(box), w) < 2)
		return 0;
	if (run_once(box, &options, out) || out->end == RUN_BROKEN)
		return broken(w, out);
	baseline_learn_order(&w->baseline, out);
	w->n_runs++;
	return 0;
}

/* Fault-free runs, several: what differs between them is no finding later. The first also gives the positions. */
int worker_learn(struct sweep *w, struct box *box, struct outcome *out, bool positions)
{
	for (int i = 0; i < BASELINE_RUNS; i++) {
		struct run_options options = run_options_of(w, NULL);
		int error;

		plan_one(box_arena(box), w, NULL);
		if (run_once(box, &options, out) || out->end == RUN_BROKEN)
			return broken(w, out);
		baseline_learn(&w->baseline, out, NULL, i == 0);
		if (positions && i == 0 && out->end == RUN_DONE) {
			error = positions_read(w, box);
			if (error)
				return error;
		}
		options.probe = true;
		plan_one(box_arena(box), w, NULL);
		if (run_once(box, &options, out) || out->end == RUN_BROKEN)
			return broken(w, out);
		baseline_learn(&w->baseline, NULL, out, false);
		w->n_runs += 2;
	}
	if (w->baseline.outcome.end == RUN_DONE) {
		int error = learn_order(w, box, out);

		if (error)
			return error;
	}
	w->baseline.sound = baseline_sound(&w->baseline, w->scenario);
	return 0;
}

int errand_scout(struct box *box, void *data)
{
	const struct errand *errand = data;
	struct outcome *out = mem_new(sizeof(*out));
	int status = worker_prepare(errand->sweep, box);

	if (!status)
		status = worker_learn(errand->sweep, box, out, true);
	text_copy(errand->sweep->baseline.notes + strlen(errand->sweep->baseline.notes),
		sizeof(errand->sweep->baseline.notes) - strlen(errand->sweep->baseline.notes), box_notes(box));
	free(out);
	run_finish(box);
	return status;
}

static void refused(struct trial *t, const struct plan_state *state)
{
	t->refusal = atomic_load(&state->refusal);
	t->result = atomic_load(&state->refused) ? RESULT_INFEASIBLE : RESULT_MISSED;
}

int worker_trial(struct sweep *w, struct box *box, const struct candidate *c, struct outcome *out, struct trial *t)
{
	struct run_options options = run_options_of(w, c);
	const struct plan_state *state = &arena_plan(box_arena(box))->state[0];
	int error;

	options.moving = &t->moving;
	plan_one(box_arena(box), w, c);
	error = run_once(box, &options, out);
	atomic_fetch_add(&w->n_runs, 1);
	t->duration_ns = out->duration_ns;
	t->symptom = SYMPTOM_NONE;
	if (error || out->end == RUN_BROKEN) {
		t->result = RESULT_HARNESS;
		text_copy(t->text, sizeof(t->text), out->why);
		return error;
	}
	for (int i = 0; i < (c->has_also ? 2 : 1); i++)
		if (!atomic_load(&state[i].fired)) {
			refused(t, &state[i]);
			return 0;
		}
	t->symptom = judge(w, c, out, t);
	if (t->symptom == SYMPTOM_HANG ? makes_shortage(c) : !t->symptom && wants_history(w, c)) {
		struct history h;

		if (history_read(box_arena(box), &h) == 0) {
			if (!t->symptom || waits_for_descriptor(c, &h))
				t->symptom = judge_history(w, c, out, &h, t);
			history_fini(&h);
		}
	}
	t->result = t->symptom ? RESULT_BROKEN : RESULT_HANDLED;
	return 0;
}

/*
 * Waits until another trial is done, or has shown by its length that it is a slow one: what is tried must not depend
 * on which worker was quicker.
 */
static int64_t trial_length(const struct trial *t)
{
	uint32_t state;

	while ((state = atomic_load(&t->state)) == TRIAL_RUNNING) {
		int64_t left = t->started_ns + SLOW_NS - clock_ns();

		if (left <= 0)
			return INT64_MAX;
		futex_wait((_Atomic uint32_t *)&t->state, TRIAL_RUNNING, left);
	}
	return state == TRIAL_DONE ? t->duration_ns : 0;
}

/* What an earlier trial at the same place has shown makes this one needless. */
static bool needless(const struct sweep *w, uint32_t index)
{
	const struct candidate *c = &w->candidates[index];

	for (uint32_t i = 0; i < w->n_candidates; i++) {
		const struct candidate *other = &w->candidates[i];
		const struct trial *t = &w->trials[i];

		if (i == index || other->site != c->site || other->rank >= c->rank ||
			strcmp(other->call, c->call) != 0 || strcmp(other->label, c->label) != 0)
			continue;
		if (c->rank > SLOW_RANK && trial_length(t) > SLOW_NS + w->baseline.duration_ns)
			return true;
		if (atomic_load(&t->state) == TRIAL_DONE && t->result == RESULT_INFEASIBLE &&
			t->refusal != REFUSED_NOT_SHORTER && t->refusal != REFUSED_READY &&
			other->peer[0] == c->peer[0])
			return true;
	}
	return false;
}

/* At least half of the budget is for finding. */
static bool time_is_up(const struct sweep *w)
{
	int64_t deadline = atomic_load(&w->deadline_ns), reserve = atomic_load(&w->reserve_ns);

	reserve = reserve < w->options.budget_ns / 2 ? reserve : w->options.budget_ns / 2;
	return atomic_load(&w->stop) || (deadline && clock_ns() > deadline - reserve);
}

/*
 * What broke is tried again some times and made smaller, once for all that tell the same: the budget has to do for that
 * as well. Long runs are made side by side.
 */
static void reserve(struct sweep *w, uint32_t index)
{
	int64_t ns = w->trials[index].duration_ns, jobs = w->options.jobs ? w->options.jobs : 1;

	for (uint32_t i = 0; w->options.budget_ns && i < w->n_candidates; i++)
		if (i != index && atomic_load(&w->trials[i].state) == TRIAL_DONE &&
			w->trials[i].result == RESULT_BROKEN && trials_alike(w, i, index))
			return;
	ns = ns > LONG_NS ? ns * AGAIN_RUNS / CONFIRM_AT_ONCE : (ns * AGAIN_RUNS + AGAIN_START_NS) / jobs;
	atomic_fetch_add(&w->reserve_ns, ns);
}

/*
 * The same signal at the same place, but not in the call: if that is no better, the handler asks for what was seen (a
 * signal to end in order, say), and the interrupted call has nothing to do with it.
 */
static bool signal_is_meant(struct sweep *w, struct box *box, const struct candidate *c, struct outcome *out)
{
	struct candidate control = *c;
	struct trial t = { .result = RESULT_MISSED };

	if (c->fault.action != ACT_INTERRUPT || c->fault.value || c->has_also)
		return false;
	control.fault.value = 1;
	/* Which child serves which of two clients changes from run to run: without a strike nothing is told. */
	for (int i = 0; i < CONTROL_TRIES && t.result == RESULT_MISSED; i++)
		worker_trial(w, box, &control, out, &t);
	return t.result == RESULT_BROKEN;
}

/* What comes of a kill may hang on a race with the other side: the first at each place is tried twice. */
static uint32_t times_tried(const struct sweep *w, const struct candidate *c, const struct trial *t)
{
	uint32_t times = c->kills && c->rank == 1 && t->duration_ns < SLOW_NS ? 2 : 1;

	return w->options.repeat > times ? w->options.repeat : times;
}

int errand_sweep(struct box *box, void *data)
{
	const struct errand *errand = data;
	struct sweep *w = errand->sweep;
	struct worker_slot *slot = &w->workers[errand->worker];
	struct outcome *out = mem_new(sizeof(*out));
	int status = worker_prepare(w, box);

	while (!status && !time_is_up(w)) {
		uint32_t i = atomic_fetch_add(&w->next, 1), index;
		struct trial *t;

		if (i >= w->n_order)
			break;
		index = w->order[i];
		t = &w->trials[index];
		if (needless(w, index)) {
			atomic_store(&t->state, TRIAL_SKIPPED);
			continue;
		}
		t->started_ns = clock_ns();
		atomic_store(&t->run_ns, t->started_ns);
		atomic_store(&t->state, TRIAL_RUNNING);
		atomic_store(&slot->trial, index + 1);
		for (uint32_t k = 0; k < times_tried(w, &w->candidates[index], t); k++) {
			/* Of each run: many short ones are no long one that the CPU is free in. */
			atomic_store(&t->run_ns, clock_ns());
			worker_trial(w, box, &w->candidates[index], out, t);
			if (t->result != RESULT_HANDLED || time_is_up(w))
				break;
		}
		if (t->result == RESULT_BROKEN && signal_is_meant(w, box, &w->candidates[index], out)) {
			t->result = RESULT_INFEASIBLE;
			t->refusal = REFUSED_MEANT;
			t->symptom = SYMPTOM_NONE;
		}
		atomic_store(&t->state, TRIAL_DONE);
		futex_wake(&t->state);
		if (t->result == RESULT_BROKEN) {
			atomic_fetch_add(&w->n_broken, 1);
			reserve(w, index);
		}
		if (t->result == RESULT_HARNESS && atomic_fetch_add(&w->n_harness, 1) > 8)
			break;
	}
	run_finish(box);
	free(out);
	return status;
}
