/* SPDX-License-Identifier: MIT */
/*
 * A run in which services tick on by themselves, but nothing comes of it any more: no byte moved, nothing opened,
 * accepted, printed or ended for long, the drivers wait without a bound, and whoever waits for a bounded time looks
 * again every second at least. Whoever waits longer may still do something when the time has come.
 */
#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/proc.h"

static const int64_t look_gap_ns = 200 * NS_PER_MS;
enum { TICK_S = 1 };

static bool is_progress(const struct event *e)
{
	uint32_t family = e->call < n_calls ? call_table[e->call].family : FAMILY_OTHER;

	if (e->kind != EV_CALL)
		return e->kind != EV_NONE;
	return !e->error && family != FAMILY_WAIT && family != FAMILY_SLEEP && family != FAMILY_OTHER &&
	       !(family == FAMILY_RECEIVE && e->result <= 0);
}

static uint64_t progress_made(const struct box *box)
{
	const struct arena *a = box->arena;
	uint32_t n_chunks = a->next_chunk < ARENA_CHUNKS ? a->next_chunk : ARENA_CHUNKS;
	uint64_t n = 0;

	for (uint32_t c = 0; c < n_chunks; c++)
		for (uint32_t i = 0; i < a->chunks[c].used && i < CHUNK_EVENTS; i++)
			n += a->chunks[c].events[i].seal == a->generation && is_progress(&a->chunks[c].events[i]);
	for (uint32_t i = 0; i < box->n_instances; i++)
		n += box->instances[i].outcome->out.length + box->instances[i].outcome->err.length +
		     (box->instances[i].phase == PHASE_ENDED);
	return n;
}

/* Do only services wait for a bounded time, each for a short one? */
static bool only_ticks(const struct box *box)
{
	const struct arena *a = box->arena;
	uint64_t now = tick_now();
	uint32_t n_timed = 0;
	struct look look;

	for (uint32_t i = 0; i < arena_n_threads(a); i++) {
		const struct thread *t = &a->threads[i];
		uint32_t role = t->proc < ARENA_PROCS ? a->procs[t->proc].role : 0;

		if (!t->tid || !thread_timed(a, t))
			continue;
		if (role >= box->n_instances || box->instances[role].driver || now - t->since > TICK_S * a->tick_hz)
			return false;
		n_timed++;
	}
	box_look((struct box *)box, true, &look);
	for (uint32_t i = 0; i < box->n_tree; i++)
		if (proc_has_timer(box->tree[i]))
			return false;
	/* More than were found above: somebody sleeps where only the kernel sees it. */
	return look.n_timed <= n_timed;
}

bool box_idles(struct box *box)
{
	int64_t now = clock_ns();
	uint64_t made;

	if (!box->quiet_ns || now - box->idle_looked_ns < look_gap_ns)
		return false;
	box->idle_looked_ns = now;
	made = progress_made(box);
	if (made != box->idle_made || !box->idle_since_ns) {
		box->idle_made = made;
		box->idle_since_ns = now;
		return false;
	}
	return now - box->idle_since_ns >= (int64_t)((double)box->quiet_ns * box->scale) && only_ticks(box);
}
