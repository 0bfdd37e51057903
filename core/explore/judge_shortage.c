/* SPDX-License-Identifier: MIT */
/* Without descriptors for a moment, where connections are accepted: what the history tells of how that is borne. */
#include "core/explore/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/model/call.h"

/*
 * The shortage lasts for 30 ms. Who rests for a millisecond between two tries makes thirty of them; who does not makes
 * thousands, or hundreds on a busy machine, where it also loses the CPU now and then in the midst of a call.
 */
enum { RESTLESS_TRIES = 150, TRIES_A_REST = 30, REST_HZ = 1000 };

bool makes_shortage(const struct candidate *c)
{
	return c->fault.action == ACT_FAIL && !c->lasting && (c->fault.value == EMFILE || c->fault.value == ENFILE) &&
	       strncmp(c->call, "accept", 6) == 0;
}

/* Tries of one thread that failed for want of descriptors, and the calls in between that took their time. */
struct tries {
	uint32_t proc, tid, n, rests, pending;
};

static void tries_count(struct tries *t, const struct history *h, const struct history_event *he, int error)
{
	const struct event *e = &he->e;

	if (e->error == error && e->call < n_calls && call_table[e->call].family == FAMILY_ACCEPT) {
		t->n++;
		t->rests += t->pending;
		t->pending = 0;
	} else if (h->tick_hz && e->ticks >= h->tick_hz / REST_HZ) {
		t->pending += t->n != 0;
	}
}

/* Without descriptors for a moment: who asks for one over and over without a rest keeps the machine from the others. */
enum symptom judge_shortage(const struct candidate *c, const struct history *h, struct trial *t)
{
	struct tries *all = NULL;
	enum symptom symptom = SYMPTOM_NONE;
	size_t n = 0;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *he = &h->events[i];
		size_t k = 0;

		if (he->e.kind != EV_CALL)
			continue;
		while (k < n && (all[k].proc != he->proc || all[k].tid != he->e.tid))
			k++;
		if (k == n) {
			all = mem_grow(all, (n + 1) * sizeof(*all));
			all[n++] = (struct tries){ .proc = he->proc, .tid = he->e.tid };
		}
		tries_count(&all[k], h, he, (int)c->fault.value);
	}
	for (size_t k = 0; k < n && !symptom; k++)
		if (all[k].n >= RESTLESS_TRIES && all[k].n >= TRIES_A_REST * (all[k].rests + 1))
			symptom = judge_say(t, SYMPTOM_BUSY_LOOP, c->process,
				"%s asks again and again without a rest as long as descriptors are short",
				h->procs[all[k].proc].name);
	free(all);
	return symptom;
}

/*
 * A process out of descriptors stays so until it closes one: who lets its clients wait for that, and rests meanwhile,
 * has closed none yet. That the whole system was out of them (ENFILE) ends without its doing.
 */
bool waits_for_descriptor(const struct candidate *c, const struct history *h)
{
	uint32_t struck = 0;

	if (!makes_shortage(c) || c->fault.value != EMFILE)
		return false;
	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *he = &h->events[i];
		uint32_t family = he->e.kind == EV_CALL && he->e.call < n_calls ? call_table[he->e.call].family : 0;

		if (he->e.kind != EV_CALL || (struck && he->proc + 1 != struck))
			continue;
		if (family == FAMILY_ACCEPT && he->e.error == EMFILE)
			struck = he->proc + 1;
		else if (struck && !he->e.error && (family == FAMILY_CLOSE || family == FAMILY_ACCEPT))
			return false;
	}
	return struck != 0;
}
