/* SPDX-License-Identifier: MIT */
/*
 * Looking at every thread of a run: what the kernel says of it and what the injector recorded. A stall is two equal
 * looks in which everybody is blocked for an unbounded time.
 */
#include <string.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/base/rng.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/proc.h"

enum { LOOK_THREADS = 256 };

/* The slots of threads that are taken, so that each look scans them once. */
struct slots {
	const struct thread *at[LOOK_THREADS];
	uint32_t n;
};

static void slots_find(const struct arena *a, struct slots *out)
{
	out->n = 0;
	for (uint32_t i = 0; i < arena_n_threads(a) && out->n < LOOK_THREADS; i++)
		if (a->threads[i].tid)
			out->at[out->n++] = &a->threads[i];
}

static const struct thread *slot_of(const struct slots *s, int tid)
{
	for (uint32_t i = s->n; i-- > 0;)
		if (s->at[i]->tid == (uint32_t)tid)
			return s->at[i];
	return NULL;
}

/* A connection attempt over the network ends by the kernel's own retries. */
static bool connects(const struct arena *a, const struct thread *t, const struct call *call)
{
	uint32_t kind;

	if (call->family != FAMILY_CONNECT)
		return false;
	if (!t->object || t->object > ARENA_OBJECTS)
		return true;
	kind = a->objects[t->object - 1].kind;
	return kind == OBJ_TCP || kind == OBJ_NONE;
}

bool thread_timed(const struct arena *a, const struct thread *t)
{
	uint32_t row = t->call;

	if (!row || row > n_calls)
		return false;
	return t->flags & (EVF_TIMED | EVF_NONBLOCK) || call_table[row - 1].family == FAMILY_SLEEP ||
	       connects(a, t, &call_table[row - 1]);
}

bool box_is_main(const struct box *box, int pid)
{
	for (uint32_t i = 0; i < box->n_instances; i++)
		if (box->instances[i].pid == pid)
			return true;
	return false;
}

/* The first of those that a role comes after, if it is not ready yet; NULL: nothing holds the role back. */
static const char *held_by(const struct box *box, uint32_t role)
{
	uint64_t after = role < box->n_instances ? box->instances[role].after : 0;

	for (uint32_t i = 0; i < box->n_instances; i++)
		if (after >> i & 1 && !box->arena->roles[i].ready)
			return box->out->roles[i].name;
	return NULL;
}

/* It has come up, and waits in the injector for those that its role comes after: nothing of its own has begun. */
static bool is_held(const struct box *box, int pid, const struct thread *t)
{
	uint32_t proc = !t || !t->call ? arena_proc_of(box->arena, pid) : 0;

	return proc && !box->arena->procs[proc - 1].launcher && held_by(box, box->arena->procs[proc - 1].role);
}

/* A thread in a recorded call is known by its slot; of others only the kernel can tell whether they moved. */
static void look_thread(struct box *box, const struct slots *slots, int pid, int tid, bool deep, struct look *out)
{
	const struct thread *t = slot_of(slots, tid);
	struct thread_state state;

	if (is_held(box, pid, t)) {
		out->n_threads++;
		return;
	}
	deep |= !t || !t->call;
	if (proc_thread_state(pid, tid, deep, &state))
		return;
	if (state.state == 'Z' || state.state == 'X') {
		out->n_zombies += tid == pid && !box_is_main(box, pid);
		return;
	}
	out->n_threads++;
	out->print = rng_mix(out->print ^ (uint64_t)tid);
	out->print = rng_mix(out->print ^ state.slices ^ state.cpu << 32 ^ (uint64_t)state.state << 56);
	if (t)
		out->print = rng_mix(out->print ^ t->n_calls ^ (uint64_t)t->call << 32);
	if (state.state == 'S') {
		if ((t && thread_timed(box->arena, t)) || (deep && proc_thread_timed(pid, tid) == 1))
			out->n_timed++;
	} else if (state.state == 'T' || state.state == 't') {
		out->n_timed += !stall_holds(box, pid); /* stopped: who stopped it will let it go on */
	} else {
		out->n_moving++;
	}
}

/* Nobody has told of its end yet: we are still to be woken. */
static bool end_under_way(const struct box *box, int pid)
{
	for (uint32_t i = 0; i < box->n_instances; i++) {
		const struct instance *in = &box->instances[i];

		if (in->pid == pid && instance_alive(in) && !in->lingers)
			return true;
	}
	return false;
}

void box_look(struct box *box, bool deep, struct look *out)
{
	struct slots slots;
	int tids[LOOK_THREADS];

	*out = (struct look){ .at_ns = clock_ns(), .complete = true };
	box_tree(box);
	slots_find(box->arena, &slots);
	for (uint32_t i = 0; i < box->n_tree; i++) {
		uint32_t before = out->n_threads;
		int n = proc_thread_count(box->tree[i]);

		tids[0] = box->tree[i];
		if (n > 1)
			n = proc_threads(box->tree[i], tids, LOOK_THREADS);
		for (int k = 0; k < n && k < LOOK_THREADS; k++)
			look_thread(box, &slots, box->tree[i], tids[k], deep, out);
		out->n_processes += out->n_threads > before;
		out->n_moving += out->n_threads == before && end_under_way(box, box->tree[i]);
	}
	out->complete = box->n_tree < BOX_TREE;
	if (box->moving)
		atomic_store(box->moving, out->n_moving);
}

/* Has the process used a datagram socket? Nobody tells it when the one at the other end is gone. */
static bool uses_datagrams(const struct arena *a, uint32_t proc)
{
	uint32_t n = arena_n_objects(a);

	for (uint32_t i = 0; proc && i < n; i++)
		if (a->objects[i].state == 2 && a->objects[i].proc == proc - 1 &&
			(a->objects[i].kind == OBJ_UDP || a->objects[i].kind == OBJ_UNIX_DGRAM))
			return true;
	return false;
}

uint32_t box_patient(const struct box *box, int pid)
{
	int tids[LOOK_THREADS], n;
	struct slots slots;
	uint32_t patient = 0;
	bool alarmed;

	if (!uses_datagrams(box->arena, arena_proc_of(box->arena, pid)))
		return 0;
	alarmed = proc_has_timer(pid);
	slots_find(box->arena, &slots);
	n = proc_threads(pid, tids, LOOK_THREADS);
	for (int i = 0; i < n && i < LOOK_THREADS; i++) {
		const struct thread *t = slot_of(&slots, tids[i]);

		patient += alarmed || (t && thread_timed(box->arena, t)) || proc_thread_timed(pid, tids[i]) == 1;
	}
	return patient;
}

bool look_same(const struct look *a, const struct look *b, int64_t gap_ns)
{
	return a->print == b->print && a->n_processes == b->n_processes && a->n_threads == b->n_threads &&
	       !a->n_moving && !b->n_moving && a->complete && b->complete && b->at_ns - a->at_ns >= gap_ns;
}

/* The process at the other end of what the thread waits on. */
static const char *peer_name(const struct arena *a, uint32_t object)
{
	const struct object *o, *peer;

	if (!object || object > ARENA_OBJECTS)
		return "";
	o = &a->objects[object - 1];
	if (o->peer_proc && o->peer_proc <= ARENA_PROCS)
		return a->procs[o->peer_proc - 1].name;
	if (!o->peer || o->peer > ARENA_OBJECTS)
		return "";
	peer = &a->objects[o->peer - 1];
	return peer->proc < ARENA_PROCS ? a->procs[peer->proc].name : "";
}

static uint32_t role_of(const struct box *box, int pid, uint32_t proc)
{
	if (proc)
		return box->arena->procs[proc - 1].role;
	for (uint32_t i = 0; i < box->n_instances; i++)
		if (box->instances[i].pid == pid)
			return i;
	return 0;
}

static void waiter_fill(const struct box *box, const struct slots *slots, int pid, int tid, struct waiter *w)
{
	const struct arena *a = box->arena;
	const struct thread *t = slot_of(slots, tid);
	uint32_t proc = arena_proc_of(a, pid);

	*w = (struct waiter){ .tid = (uint32_t)tid, .role = role_of(box, pid, proc) };
	text_copy(w->process, sizeof(w->process), proc ? a->procs[proc - 1].name : box->out->roles[w->role].name);
	if (!t || !t->call) {
		const char *whom = held_by(box, w->role);

		w->held = whom != NULL;
		text_copy(w->for_whom, sizeof(w->for_whom), whom ? whom : "");
		return;
	}
	w->call = t->call;
	w->object = t->object;
	w->site = t->site;
	w->image = proc ? a->procs[proc - 1].image : 0;
	text_copy(w->for_whom, sizeof(w->for_whom), peer_name(a, t->object));
}

void box_waiters(struct box *box)
{
	struct outcome *o = box->out;
	struct slots slots;

	slots_find(box->arena, &slots);
	o->n_waiters = 0;
	box_tree(box);
	for (uint32_t i = 0; i < box->n_tree; i++) {
		int tids[OUTCOME_WAITERS], n = proc_threads(box->tree[i], tids, OUTCOME_WAITERS);

		for (int k = 0; k < n && k < OUTCOME_WAITERS && o->n_waiters < OUTCOME_WAITERS; k++) {
			struct thread_state state;

			if (!proc_thread_state(box->tree[i], tids[k], false, &state) && state.state != 'Z' &&
				state.state != 'X')
				waiter_fill(box, &slots, box->tree[i], tids[k], &o->waiters[o->n_waiters++]);
		}
	}
}
