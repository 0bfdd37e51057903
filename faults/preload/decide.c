/* SPDX-License-Identifier: MIT */
/*
 * Whether a call is struck. Every armed call is a libfiu failure point ipc/<family>/<call>; behind each stands one
 * callback that decides among the plan's faults, since libfiu keeps one entry for a name. libfiu is asked only at the
 * calls that a plan has armed (or at all of them, when fiu-ctrl may steer this process).
 */
#define FIU_ENABLE	/* or fiu.h makes all of it constants */
#include "faults/preload/inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <fiu-control.h>
#include <fiu.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "core/base/rng.h"
#include "core/base/str.h"
#include "faults/preload/environ.h"

/* What the callback has to decide about, and what it has decided. */
static __thread struct {
	struct inv *v;
	enum when when;
	uint32_t struck;	/* bits: faults */
} question __attribute__((tls_model("initial-exec")));

static bool under_fiu_ctrl;

/* The name of the object, or of what the call is about to make or to reach. */
static bool path_selects(const char *path, const struct object *o, const struct inv *v)
{
	char name[OBJECT_NAME];

	if (o && glob_match(path, o->name))
		return true;
	argument_name(v, name, sizeof(name));
	return name[0] && glob_match(path, name);
}

static bool selects(const struct plan_fault *f, const struct inv *v)
{
	const struct object *o = object_at(v->object);
	uint32_t peer;

	if (f->fd >= 0 && f->fd != v->fd)
		return false;
	if (!f->kinds && !f->peer[0] && !f->path[0] && !f->ordinal)
		return true;
	if (f->path[0] && !path_selects(f->path, o, v))
		return false;
	if (!f->kinds && !f->peer[0] && !f->ordinal)
		return true;
	if (!o || (f->kinds && !(f->kinds >> o->kind & 1)) || (f->ordinal && f->ordinal != o->ordinal))
		return false;
	if (!f->peer[0])
		return true;
	object_resolve_peer(v->object);
	peer = atomic_load(&o->peer_proc);
	return peer && glob_match(f->peer, arena->procs[peer - 1].name);
}

/* Does the fault strike now, at what is its seen-th call? */
static bool triggered(const struct plan_fault *f, struct plan_state *state, uint32_t fault, uint64_t seen)
{
	if (f->trigger == TRIG_NTH)
		return seen >= f->n && (f->times == TIMES_FOREVER || seen - f->n < f->times);
	if (f->times != TIMES_FOREVER && atomic_load(&state->fired) >= f->times)
		return false;
	if (f->trigger == TRIG_EVERY)
		return seen % f->n == 0;
	if (f->trigger == TRIG_CHANCE)
		return (double)(rng_mix(arena->seed ^ (uint64_t)fault << 48 ^ seen) >> 11) * 0x1p-53 < f->chance;
	return true;
}

static uint32_t plan_ask(const struct inv *v, enum when when)
{
	struct plan *plan = arena_plan(arena);
	uint32_t struck = 0;

	for (uint32_t i = 0; i < plan->n_faults; i++) {
		const struct plan_fault *f = &plan->faults[i];
		struct plan_state *state = &plan->state[i];

		if (!(self->faults >> i & 1) || f->where.when != when || !call_set_has(&f->where.at, v->row) ||
			!atomic_load(&state->armed) || !selects(f, v))
			continue;
		if (triggered(f, state, i, atomic_fetch_add(&state->seen, 1) + 1))
			struck |= 1u << i;
	}
	return struck;
}

static int fiu_callback(const char *name, int *failnum, void **failinfo, unsigned int *flags)
{
	(void)name;
	(void)failinfo;
	(void)flags;
	*failnum = 1;
	question.struck = question.v ? plan_ask(question.v, question.when) : 0;
	return question.struck != 0;
}

/* What another fault waits for has happened. */
static void points_note(const struct inv *v, enum when when)
{
	struct plan *plan = arena_plan(arena);

	for (uint32_t i = 0; i < plan->n_faults; i++) {
		const struct plan_fault *f = &plan->faults[i];
		struct plan_state *state = &plan->state[i];
		const char *name = arena->procs[self->proc].name;

		if (!(self->points >> i & 1))
			continue;
		if (f->has_armed_by && f->armed_by.when == when && call_set_has(&f->armed_by.at, v->row) &&
			glob_match(f->armed_by.in, name) &&
			atomic_fetch_add(&state->armed_seen, 1) + 1 >= (f->armed_by.nth ? f->armed_by.nth : 1))
			atomic_store(&state->armed, 1);
		if (f->has_until && f->until.when == when && call_set_has(&f->until.at, v->row) &&
			glob_match(f->until.in, name) &&
			atomic_fetch_add(&state->until_seen, 1) + 1 >= (f->until.nth ? f->until.nth : 1)) {
			atomic_store(&state->released, 1);
			futex_wake_all(&state->released);
		}
	}
}

struct walk {
	struct plan_state *state;
	uint64_t site;
	uint32_t n;
};

static _Unwind_Reason_Code walk_step(struct _Unwind_Context *context, void *data)
{
	struct walk *w = data;
	uint64_t address = (uint64_t)_Unwind_GetIP(context);

	/* The frames of the injector itself come first: the program begins at the site. */
	if (!w->n && address != w->site)
		return _URC_NO_REASON;
	if (w->n == PLAN_FRAMES)
		return _URC_END_OF_STACK;
	w->state->frames[w->n++] = address;
	return _URC_NO_REASON;
}

/* Who called the struck call. Asked for in single runs only: unwinding takes the loader's lock. */
static void backtrace_note(const struct inv *v, struct plan_state *state)
{
	struct walk w = { .state = state, .site = v->site };

	_Unwind_Backtrace(walk_step, &w);
	atomic_store(&state->n_frames, w.n);
}

/* Two faults cannot both decide what one call gives. */
static bool decides_result(uint32_t action)
{
	return action != ACT_KILL && action != ACT_DELAY && action != ACT_PAUSE && action != ACT_HOLD;
}

/* What the program has forbidden itself would end it, if a strike did it. */
static bool is_forbidden(uint32_t action)
{
	return self->confined & (action == ACT_DELAY || action == ACT_HOLD ? CONFINED_WAIT : CONFINED_ASK);
}

static void strike(struct inv *v, uint32_t i, enum when when)
{
	struct plan *plan = arena_plan(arena);
	struct strike s = { &plan->faults[i], &plan->state[i], i, when == WHEN_AFTER };
	enum refusal refusal;

	/* Counted first: after SIGKILL of this process nobody else could. */
	atomic_store(&s.state->site, v->site);
	atomic_store(&s.state->struck_proc, self->proc + 1);
	atomic_store(&s.state->struck_call, v->row + 1);
	atomic_fetch_add(&s.state->fired, 1);
	if (unlikely(arena->backtrace) && !s.after)
		backtrace_note(v, s.state);
	refusal = v->skip && decides_result(s.fault->action) ? REFUSED_TAKEN :
		is_forbidden(s.fault->action) ? REFUSED_CONFINED : act(v, &s);
	if (refusal == REFUSED_NOT)
		return;
	atomic_fetch_sub(&s.state->fired, 1);
	atomic_fetch_add(&s.state->refused, 1);
	atomic_store(&s.state->refusal, (uint32_t)refusal);
}

/*
 * Who will call what is struck when it is over: looked for before, as it takes long. Others have been woken by then,
 * and a process that is killed after its last word is to die before they act upon it.
 */
static void backtraces_before(const struct inv *v)
{
	struct plan *plan = arena_plan(arena);

	for (uint32_t i = 0; i < plan->n_faults; i++) {
		const struct plan_fault *f = &plan->faults[i];

		if (self->faults >> i & 1 && f->where.when == WHEN_AFTER && call_set_has(&f->where.at, v->row) &&
			!atomic_load(&plan->state[i].fired) && selects(f, v))
			backtrace_note(v, &plan->state[i]);
	}
}

static void point_name(uint32_t row, char *name, size_t size)
{
	static const char *const families[N_FAMILIES] = { "receive", "send", "accept", "connect", "wait", "open",
		"close", "lock", "signal", "process", "sleep", "other" };

	text_copy(name, size, "ipc/");
	text_copy(name + strlen(name), size - strlen(name), families[row_family[row]]);
	text_copy(name + strlen(name), size - strlen(name), "/");
	text_copy(name + strlen(name), size - strlen(name), row_plain(row));
}

void decide(struct inv *v, enum when when)
{
	char name[POINT_NAME];
	uint32_t struck;
	int failed;

	if (atomic_load_explicit(&arena_plan(arena)->healed, memory_order_relaxed))
		return;
	if (self->watches_ready && when == WHEN_AFTER && !(self->confined & CONFINED_ASK))
		ready_note(v);
	if (self->points)
		points_note(v, when);
	if (!self->faults && !under_fiu_ctrl)
		return;
	if (unlikely(arena->backtrace) && when == WHEN_BEFORE)
		backtraces_before(v);
	point_name(v->row, name, sizeof(name));
	question.v = v;
	question.when = when;
	question.struck = 0;
	failed = fiu_fail(name);
	struck = question.struck;
	question.v = NULL;
	question.struck = 0;
	for (uint32_t i = 0; struck; i++, struck >>= 1)
		if (struck & 1)
			strike(v, i, when);
	if (failed && under_fiu_ctrl && when == WHEN_BEFORE && !v->skip) {
		intptr_t info = (intptr_t)fiu_failinfo();

		if (info > 0 && info < 4096) {
			decide_result(v, (int)info);
			v->flags |= EVF_STRUCK;
		}
	}
}

/* The points of the program's own: in the libfiu that the program itself has loaded. */
static int own_point(const char *name, int *failnum, void **failinfo, unsigned int *flags)
{
	struct plan *plan = arena_plan(arena);

	(void)flags;
	for (uint32_t i = 0; i < plan->n_faults; i++) {
		const struct plan_fault *f = &plan->faults[i];
		struct plan_state *state = &plan->state[i];

		if (strcmp(f->point, name) != 0 || !(self->faults >> i & 1) || !atomic_load(&state->armed) ||
			!triggered(f, state, i, atomic_fetch_add(&state->seen, 1) + 1))
			continue;
		atomic_fetch_add(&state->fired, 1);
		*failnum = 1;
		*failinfo = (void *)(intptr_t)f->value;
		return 1;
	}
	return 0;
}

static void own_points_enable(const struct plan *plan)
{
	int (*enable)(const char *, int, void *, unsigned int, external_cb_t *) = NULL;
	int (*init)(unsigned int) = NULL;

	for (uint32_t i = 0; i < plan->n_faults; i++) {
		if (!plan->faults[i].point[0])
			continue;
		if (!enable) {
			*(void **)&enable = dlsym(RTLD_DEFAULT, "fiu_enable_external");
			*(void **)&init = dlsym(RTLD_DEFAULT, "fiu_init");
			/* Its own call comes later and then does nothing. */
			if (enable && init)
				init(0);
		}
		if (enable)
			enable(plan->faults[i].point, 1, NULL, 0, own_point);
	}
}

static void set_join(struct call_set *to, const struct call_set *from)
{
	for (size_t w = 0; w < CALL_BITS / 64; w++)
		to->bits[w] |= from->bits[w];
}

/* Would it say EAGAIN where Linux, having told of readiness, does not? */
static bool needs_ready(const struct plan_fault *f)
{
	return f->realism == REALISM_LINUX &&
	       (f->action == ACT_AGAIN || (f->action == ACT_FAIL && f->value == EAGAIN));
}

/* To know what waits have told, all of them have to be seen, and whatever is taken after them. */
static void ready_arm(void)
{
	self->watches_ready = 1;
	for (uint32_t row = 0; row < n_rows; row++)
		if (row_family[row] == FAMILY_WAIT || row_family[row] == FAMILY_RECEIVE ||
			row_family[row] == FAMILY_SEND)
			call_set_add(&self->armed, row);
}

void self_arm(void)
{
	const struct plan *plan = arena_plan(arena);
	const char *name = arena->procs[self->proc].name;

	memset(&self->armed, 0, sizeof(self->armed));
	self->faults = self->points = 0;
	self->watches_ready = 0;
	for (uint32_t i = 0; i < plan->n_faults; i++) {
		const struct plan_fault *f = &plan->faults[i];

		if (glob_match(f->where.in, name)) {
			self->faults |= 1u << i;
			set_join(&self->armed, &f->where.at);
			if (needs_ready(f))
				ready_arm();
		}
		if (f->has_armed_by && glob_match(f->armed_by.in, name)) {
			self->points |= 1u << i;
			set_join(&self->armed, &f->armed_by.at);
		}
		if (f->has_until && glob_match(f->until.in, name)) {
			self->points |= 1u << i;
			set_join(&self->armed, &f->until.at);
		}
	}
	if (under_fiu_ctrl)
		memset(&self->armed, 0xff, sizeof(self->armed));
}

/* Enabled they stay: a point that is not armed is never asked for. */
static void armed_points_enable(const struct call_set *armed)
{
	static struct call_set enabled;
	char name[POINT_NAME], last[POINT_NAME] = "";
	uint64_t fresh = 0;

	for (size_t w = 0; w < CALL_BITS / 64; w++)
		fresh |= armed->bits[w] & ~enabled.bits[w];
	for (uint32_t row = 0; fresh && row < n_rows; row++) {
		if (!call_set_has(armed, row) || call_set_has(&enabled, row))
			continue;
		point_name(row, name, sizeof(name));
		if (strcmp(name, last) != 0)
			fiu_enable_external(name, 1, NULL, 0, fiu_callback);
		text_copy(last, sizeof(last), name);
	}
	for (size_t w = 0; fresh && w < CALL_BITS / 64; w++)
		enabled.bits[w] |= armed->bits[w];
}

static bool fiu_started;

/*
 * In the constructor of a program, and again in a child whose plan selects other calls. libfiu allocates when a point
 * is enabled; in the child of a threaded program that is as safe as glibc's malloc after fork, which is safe.
 */
void fiu_start(void)
{
	static bool own_enabled;
	const struct plan *plan = arena_plan(arena);

	if (!fiu_started) {
		const char *fifo = environment_value("FIU_CTRL_FIFO");

		if (!plan->n_faults && !fifo)
			return;
		fiu_started = true;
		fiu_init(0);
		if (fifo && fiu_rc_fifo(fifo) == 0) {
			under_fiu_ctrl = true;
			memset(&self->armed, 0xff, sizeof(self->armed));
		}
	}
	if (!own_enabled)
		own_points_enable(plan);
	own_enabled = true;
	if (!under_fiu_ctrl)
		armed_points_enable(&self->armed);
}

/* A child would write to a dozen pages that it shares with its zygote: so the zygote does it, once for all. */
void fiu_prepare(void)
{
	const struct plan *plan = arena_plan(arena);
	struct call_set armed = { { 0 } };

	if (!plan->n_faults || (!fiu_started && environment_value("FIU_CTRL_FIFO")))
		return;
	if (!fiu_started)
		fiu_init(0);
	fiu_started = true;
	for (uint32_t i = 0; i < plan->n_faults; i++) {
		set_join(&armed, &plan->faults[i].where.at);
		if (plan->faults[i].has_armed_by)
			set_join(&armed, &plan->faults[i].armed_by.at);
		if (plan->faults[i].has_until)
			set_join(&armed, &plan->faults[i].until.at);
	}
	armed_points_enable(&armed);
}
