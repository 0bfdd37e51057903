/* SPDX-License-Identifier: MIT */
/*
 * Two faults in one run: what handles each alone may not handle them together (an interrupt in the middle of a short
 * read, a reset after a retry). Only pairs on one channel, and only of faults that were handled one by one: a pair that
 * breaks is then as small as it can be. One of them is tried always: the signal that comes when a part has come. Who
 * begins anew then has lost that part.
 */
#include "core/explore/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"

enum { PAIRS_MOST = 4000 };

static bool worth_pairing(const struct sweep *w, uint32_t i)
{
	const struct candidate *c = &w->candidates[i];

	return w->trials[i].state == TRIAL_DONE && w->trials[i].result == RESULT_HANDLED && c->rank == 1 &&
	       !c->has_also && !c->stall_call && c->fault.action != ACT_DELAY && c->fault.trigger == TRIG_NTH &&
	       c->fault.times == 1;
}

static bool one_channel(const struct candidate *a, const struct candidate *b)
{
	return strcmp(a->process, b->process) == 0 && strcmp(a->peer, b->peer) == 0 &&
	       a->fault.kinds == b->fault.kinds && strcmp(a->fault.path, b->fault.path) == 0;
}

static bool is_part_then_signal(const struct candidate *a, const struct candidate *b)
{
	return a->fault.action == ACT_SHORT && a->fault.value == 1 && b->fault.action == ACT_INTERRUPT &&
	       a->fault.where.when == WHEN_BEFORE && b->fault.where.when == WHEN_BEFORE && a->site == b->site &&
	       strcmp(a->call, b->call) == 0 && a->occurrence == b->occurrence;
}

/* Two faults at the very same call would hide each other; the second then strikes the next one. */
static void pair_add(struct sweep *w, const struct candidate *a, const struct candidate *b)
{
	struct candidate *c = &w->candidates[w->n_candidates];

	*c = *a;
	c->has_also = true;
	c->also = b->fault;
	if (strcmp(a->call, b->call) == 0 && a->occurrence == b->occurrence)
		c->also.n++;
	c->also_site = b->site;
	text_copy(c->also_label, sizeof(c->also_label), b->label);
	text_copy(c->also_call, sizeof(c->also_call), b->call);
	if (b->grade > c->grade)
		c->grade = b->grade;
	c->kills |= b->kills;
	c->before_ready |= b->before_ready;
	w->order[w->n_order++] = w->n_candidates++;
}

bool pairs_offer(struct sweep *w)
{
	uint32_t n = w->n_candidates, n_pairs = 0;

	/* Every worker has asked once more than there was to do. */
	atomic_store(&w->next, w->n_order);
	for (uint32_t i = 0; i < n; i++) {
		/* What ends the conversation comes last: nothing can follow it. */
		if (!worth_pairing(w, i) || w->candidates[i].grade == GRADE_DISRUPTIVE)
			continue;
		for (uint32_t k = 0; k < n; k++) {
			const struct candidate *a = &w->candidates[i], *b = &w->candidates[k];

			if (i == k || !worth_pairing(w, k) || !one_channel(a, b) ||
				(w->options.depth < 2 ? !is_part_then_signal(a, b) :
							b->grade != GRADE_DISRUPTIVE && k < i))
				continue;
			if (w->n_candidates == SWEEP_CANDIDATES || n_pairs == PAIRS_MOST)
				return true;
			pair_add(w, a, b);
			n_pairs++;
		}
	}
	return n_pairs > 0;
}
