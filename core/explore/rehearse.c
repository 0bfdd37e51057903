/* SPDX-License-Identifier: MIT */
/*
 * While the sweep only waits for long runs to end, they are made again beside it: what breaks in the end has been
 * confirmed by then. A run that ends well ends its rehearsals.
 */
#include "core/explore/internal.h"

#include <poll.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/sys/clock.h"
#include "core/sys/proc.h"

#define LONG_ENOUGH_NS 1500000000
enum { WATCH_MS = 20 };

static const struct rehearsal *rehearsal_of(const struct sweep *w, uint32_t candidate)
{
	for (uint32_t i = 0; i < w->n_rehearsals; i++)
		if (candidates_alike(&w->candidates[w->rehearsals[i].finding.candidate], &w->candidates[candidate]))
			return &w->rehearsals[i];
	return NULL;
}

static bool is_long(const struct trial *t, int64_t now_ns)
{
	return atomic_load(&t->state) == TRIAL_RUNNING && now_ns - atomic_load(&t->run_ns) > LONG_ENOUGH_NS;
}

/* Of those that may turn out to tell the same as this one: the one that would stand for all. */
static uint32_t best_of(const struct sweep *w, uint32_t candidate, int64_t now_ns)
{
	uint32_t best = candidate;

	for (uint32_t i = 0; i < w->n_candidates; i++) {
		const struct trial *t = &w->trials[i];
		bool broke = atomic_load(&t->state) == TRIAL_DONE && t->result == RESULT_BROKEN;

		if ((broke || is_long(t, now_ns)) && candidates_alike(&w->candidates[i], &w->candidates[candidate]) &&
			candidate_better(w, i, best))
			best = i;
	}
	return best;
}

static void rehearsal_start(struct sweep *w, uint32_t candidate, const struct box_options *options)
{
	struct rehearsal *r = &w->rehearsals[w->n_rehearsals++];

	r->finding.candidate = candidate;
	for (uint32_t k = 0; k < CONFIRMATIONS; k++)
		r->errands[k] = (struct errand){ .sweep = w, .finding = &r->finding, .runs = 1, .first = k == 0 };
	errands_start(w, options, r->errands, CONFIRMATIONS, r->pids);
}

/* Until the box has ended, or the exploration is to. */
static void box_await(const struct sweep *w, int pid)
{
	struct pollfd fd = { .fd = pidfd_of(pid), .events = POLLIN };

	while (fd.fd >= 0 && !atomic_load(&w->stop) && poll(&fd, 1, WATCH_MS) == 0)
		;
	if (fd.fd >= 0)
		close(fd.fd);
}

static void rehearsal_end(struct rehearsal *r, bool at_once)
{
	int status;

	for (uint32_t k = 0; k < CONFIRMATIONS; k++) {
		if (!r->pids[k])
			continue;
		if (at_once)
			box_stop(r->pids[k]);
		box_wait(r->pids[k], &status);
		r->pids[k] = 0;
	}
}

static void end_needless(struct sweep *w)
{
	for (uint32_t i = 0; i < w->n_rehearsals; i++) {
		const struct trial *t = &w->trials[w->rehearsals[i].finding.candidate];

		if (atomic_load(&t->state) == TRIAL_DONE && t->result != RESULT_BROKEN)
			rehearsal_end(&w->rehearsals[i], true);
	}
}

void rehearsals_look(struct sweep *w, const struct box_options *options)
{
	int64_t now_ns = clock_ns();

	end_needless(w);
	for (uint32_t i = 0; i < w->n_candidates && w->n_rehearsals < SWEEP_REHEARSALS; i++) {
		uint32_t best;

		if (!is_long(&w->trials[i], now_ns) || rehearsal_of(w, i))
			continue;
		best = best_of(w, i, now_ns);
		if (is_long(&w->trials[best], now_ns))
			rehearsal_start(w, best, options);
	}
}

void rehearsals_end(struct sweep *w, bool at_once)
{
	end_needless(w);
	for (uint32_t i = 0; i < w->n_rehearsals; i++) {
		for (uint32_t k = 0; k < CONFIRMATIONS && !at_once; k++)
			if (w->rehearsals[i].pids[k])
				box_await(w, w->rehearsals[i].pids[k]);
		rehearsal_end(&w->rehearsals[i], at_once || atomic_load(&w->stop));
	}
}

bool rehearsal_adopt(struct sweep *w, struct finding *f)
{
	for (uint32_t i = 0; i < w->n_rehearsals; i++) {
		const struct finding *seen = &w->rehearsals[i].finding;
		uint32_t n_alike = f->n_alike;

		if (seen->candidate != f->candidate || seen->symptom != f->symptom ||
			atomic_load(&seen->tried) != CONFIRMATIONS || finding_reproduced(seen) != CONFIRMATIONS)
			continue;
		*f = *seen;
		f->n_alike = n_alike;
		return true;
	}
	return false;
}
