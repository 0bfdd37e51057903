/* SPDX-License-Identifier: MIT */
/*
 * A role that goes on calling without progress: very many calls for half a second while all others are blocked, and the
 * last of them all alike and none of them moving a byte.
 */
#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/run/box.h"
#include "core/sys/clock.h"

enum { SPIN_CALLS = 10000, SPIN_EVENTS = 64, SPIN_KINDS = 4 };
static const int64_t spin_window_ns = 500 * NS_PER_MS;

static uint64_t calls_made(const struct arena *a)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < arena_n_threads(a); i++)
		if (a->threads[i].tid)
			n += a->threads[i].n_calls;
	return n;
}

static bool alike(const struct event *a, const struct event *b)
{
	return a->call == b->call && a->object == b->object && a->fd == b->fd && a->error == b->error &&
	       a->site == b->site;
}

static bool moves_bytes(const struct event *e)
{
	uint32_t family = e->call < n_calls ? call_table[e->call].family : FAMILY_OTHER;

	return e->result > 0 && (family == FAMILY_RECEIVE || family == FAMILY_SEND);
}

/* Do the last events of the process repeat a few calls that moved nothing? */
static bool repeats(const struct arena *a, const struct proc *p)
{
	uint32_t last = p->last_chunk, n = 0, n_kinds = 0;
	const struct event *kinds[SPIN_KINDS];

	while (last && last <= ARENA_CHUNKS && n < SPIN_EVENTS) {
		const struct chunk *c = &a->chunks[last - 1];
		uint32_t used = c->used < CHUNK_EVENTS ? c->used : CHUNK_EVENTS;

		if (used < SPIN_EVENTS)
			return false; /* it has just begun a chunk: the next look will know */
		for (uint32_t i = used; i-- > 0 && n < SPIN_EVENTS; n++) {
			const struct event *e = &c->events[i];
			uint32_t k = 0;

			if (e->seal != a->generation || e->kind != EV_CALL)
				continue;
			while (k < n_kinds && !alike(e, kinds[k]))
				k++;
			if (k == SPIN_KINDS || moves_bytes(e))
				return false;
			if (k == n_kinds)
				kinds[n_kinds++] = e;
		}
	}
	return n == SPIN_EVENTS;
}

bool box_spins(struct box *box, const struct look *now)
{
	const struct arena *a = box->arena;
	uint64_t calls = calls_made(a);

	/* One runs, all others wait, for it or for a time to pass. Caught between two steps it may look asleep. */
	if (now->n_moving != 1) {
		if (now->n_moving)
			box->spin_since_ns = 0;
		return false;
	}
	if (!box->spin_since_ns) {
		box->spin_since_ns = now->at_ns;
		box->spin_calls = calls;
		return false;
	}
	if (now->at_ns - box->spin_since_ns < (int64_t)((double)spin_window_ns * box->scale))
		return false;
	if (calls - box->spin_calls < SPIN_CALLS) {
		box->spin_since_ns = 0;
		return false;
	}
	for (uint32_t i = 0; i < a->n_procs && i < ARENA_PROCS; i++)
		if (a->procs[i].state == PROC_ALIVE && repeats(a, &a->procs[i])) {
			text_copy(box->out->spinner, sizeof(box->out->spinner), a->procs[i].name);
			return true;
		}
	return false;
}
