/* SPDX-License-Identifier: MIT */
/*
 * Long runs wait more than they work. What broke in one is made again beside the sweep, and once that only waits for
 * long runs to end, they are as well: what breaks in the end has been confirmed by then. A run that ends well ends its
 * rehearsals.
 */
#include "core/explore/internal.h"

#include <poll.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/sys/clock.h"
#include "core/sys/proc.h"

#define LONG_ENOUGH_NS 1000000000
#define LASTING_ENOUGH_NS 2000000000	/* what never heals is watched for so long anyway */
enum { WATCH_MS = 20, ALIKE_MOST = 2 };

static bool is_broken(const struct trial *t)
{
	return atomic_load(&t->state) == TRIAL_DONE && t->result == RESULT_BROKEN;
}

static bool is_long(const struct sweep *w, uint32_t candidate, int64_t now_ns)
{
	const struct trial *t = &w->trials[candidate];
	int64_t enough = w->candidates[candidate].lasting ? LASTING_ENOUGH_NS : LONG_ENOUGH_NS;

	if (is_broken(t))
		return t->duration_ns > enough;
	return atomic_load(&t->state) == TRIAL_RUNNING && now_ns - atomic_load(&t->run_ns) > enough;
}

static bool is_rehearsed(const struct sweep *w, uint32_t candidate)
{
	for (uint32_t i = 0; i < w->n_rehearsals; i++)
		if (w->rehearsals[i].finding.candidate == candidate)
			return true;
	return false;
}

/*
 * How many are made again already that may turn out to tell the same; in *surest, whether one of them broke and stands
 * for this one.
 */
static uint32_t rehearsed_alike(const struct sweep *w, uint32_t candidate, bool *surest)
{
	uint32_t n = 0;

	*surest = false;
	for (uint32_t i = 0; i < w->n_rehearsals; i++) {
		uint32_t other = w->rehearsals[i].finding.candidate;
		const struct trial *t = &w->trials[other];

		if (!candidates_alike(&w->candidates[other], &w->candidates[candidate]))
			continue;
		n += is_broken(t) || atomic_load(&t->state) == TRIAL_RUNNING;
		*surest |= is_broken(t) && candidate_better(w, other, candidate);
	}
	return n;
}

/* Of those not made again yet that may tell the same as this one: the one that would stand for all. */
static uint32_t best_of(const struct sweep *w, uint32_t candidate, int64_t now_ns)
{
	uint32_t best = candidate;

	for (uint32_t i = 0; i < w->n_candidates; i++)
		if ((is_broken(&w->trials[i]) || is_long(w, i, now_ns)) && !is_rehearsed(w, i) &&
			candidates_alike(&w->candidates[i], &w->candidates[candidate]) && candidate_better(w, i, best))
			best = i;
	return best;
}

bool rehearsal_next(const struct sweep *w, bool idle, int64_t now_ns, uint32_t *candidate)
{
	for (uint32_t i = 0; i < w->n_candidates; i++) {
		bool surest;

		/* What still runs may end well: it is worth a time in which nothing else is to be done. */
		if (!(idle || is_broken(&w->trials[i])) || !is_long(w, i, now_ns) || is_rehearsed(w, i))
			continue;
		*candidate = best_of(w, i, now_ns);
		if (is_long(w, *candidate, now_ns) && rehearsed_alike(w, *candidate, &surest) < ALIKE_MOST && !surest)
			return true;
	}
	return false;
}

static void rehearsal_start(struct sweep *w, uint32_t candidate, const struct box_options *options)
{
	struct rehearsal *r = &w->rehearsals[w->n_rehearsals++];

	r->finding.candidate = candidate;
	r->n_errands = errands_of_long(w, &r->finding, r->errands);
	errands_start(w, options, r->errands, r->n_errands, r->pids);
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

	for (uint32_t k = 0; k < r->n_errands; k++) {
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

void rehearsals_look(struct sweep *w, const struct box_options *options, bool idle)
{
	int64_t now_ns = clock_ns();
	uint32_t candidate;

	end_needless(w);
	while (w->n_rehearsals < SWEEP_REHEARSALS && rehearsal_next(w, idle, now_ns, &candidate))
		rehearsal_start(w, candidate, options);
}

void rehearsals_end(struct sweep *w, bool at_once)
{
	end_needless(w);
	for (uint32_t i = 0; i < w->n_rehearsals; i++) {
		for (uint32_t k = 0; k < w->rehearsals[i].n_errands && !at_once; k++)
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
