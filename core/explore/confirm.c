/* SPDX-License-Identifier: MIT */
/* What broke is tried again, in boxes of its own, drawn, and made as small as it can be. */
#include "core/explore/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"

enum { KEPT_PAYLOAD = 24, OTHERS_MOST = 4, STRICT_TRIES = 2 };

/* What was found at a wider realism may be lawful on Linux as well, and break there too. */
static bool beyond_linux(struct sweep *w, struct box *box, const struct candidate *c, struct outcome *out)
{
	struct candidate strict = *c;
	struct trial t = { .result = RESULT_HANDLED };

	if (w->scenario->realism == REALISM_LINUX)
		return false;
	strict.fault.realism = REALISM_LINUX;
	for (int i = 0; i < STRICT_TRIES && t.result == RESULT_HANDLED; i++)
		worker_trial(w, box, &strict, out, &t);
	return t.result != RESULT_BROKEN;
}

/* The same again, `runs` times; one that shows what is wanted, or else the first that comes back, is drawn. */
static void confirm(struct sweep *w, struct box *box, struct finding *f, enum symptom wanted, uint32_t runs,
	bool draws, struct outcome *out)
{
	enum symptom drawn = SYMPTOM_NONE;

	for (uint32_t i = 0; i < runs; i++) {
		struct trial t = { .result = RESULT_HANDLED };

		box_arena(box)->payload = KEPT_PAYLOAD;
		box_arena(box)->backtrace = 1;
		worker_trial(w, box, &w->candidates[f->candidate], out, &t);
		atomic_fetch_add(&f->tried, 1);
		if (t.result != RESULT_BROKEN)
			continue;
		atomic_fetch_add(&f->seen[t.symptom], 1);
		if (!draws || (drawn && (drawn == wanted || t.symptom != wanted)))
			continue;
		drawn = f->symptom = t.symptom;
		text_copy(f->text, sizeof(f->text), t.text);
		text_copy(f->role, sizeof(f->role), t.role);
		text_copy(f->property, sizeof(f->property), t.property);
		evidence_take(w, box, out, f);
	}
}

static void confirm_doubted(
	struct sweep *w, struct box *box, struct finding *f, enum symptom wanted, struct outcome *out)
{
	uint32_t reproduced = finding_reproduced(f);

	if (reproduced && reproduced < f->tried)
		confirm(w, box, f, wanted, CONFIRMATIONS, false, out);
}

/* In *f, what comes of another candidate. */
static void confirm_candidate(struct sweep *w, struct box *box, struct finding *f, uint32_t candidate,
	enum symptom wanted, struct outcome *out)
{
	f->candidate = candidate;
	atomic_store(&f->tried, 0);
	for (uint32_t i = 0; i < N_SYMPTOMS; i++)
		atomic_store(&f->seen[i], 0);
	confirm(w, box, f, wanted, CONFIRMATIONS, true, out);
	confirm_doubted(w, box, f, wanted, out);
}

/* Two of three: what the machine had a part in comes back; twice as many tries tell it from a game of chance. */
static bool is_sure(const struct finding *f, enum symptom wanted)
{
	return f->symptom == wanted && finding_reproduced(f) * 3 >= f->tried * 2;
}

static bool breaks_now(struct sweep *w, struct box *box, uint32_t candidate, enum symptom wanted, struct outcome *out)
{
	struct trial t = { .result = RESULT_HANDLED };

	worker_trial(w, box, &w->candidates[candidate], out, &t);
	return t.result == RESULT_BROKEN && t.symptom == wanted;
}

/*
 * What stands for a finding is to be the same in every exploration, although a race decides now and then that a trial
 * of the sweep shows nothing: those that would be preferred get a second chance. And if the one that was chosen does
 * not come back every time, another that told the same may be a surer one.
 */
static void confirm_others(struct sweep *w, struct box *box, struct finding *f, enum symptom wanted,
	struct outcome *out)
{
	struct finding *other = mem_new(sizeof(*other));
	uint32_t first = f->candidate, tries = 0;

	for (uint32_t i = 0; i < w->n_candidates && tries < OTHERS_MOST; i++) {
		const struct trial *t = &w->trials[i];
		bool preferred = candidate_better(w, i, f->candidate), sure = is_sure(f, wanted);

		if (i == first || atomic_load(&t->state) != TRIAL_DONE || (sure && !preferred) ||
			!candidates_alike(&w->candidates[i], &w->candidates[first]) || t->duration_ns > SLOW_NS)
			continue;
		if (t->result == RESULT_HANDLED ? !preferred : t->result != RESULT_BROKEN || t->symptom != wanted)
			continue;
		tries++;
		if (t->result == RESULT_HANDLED && !breaks_now(w, box, i, wanted, out))
			continue;
		*other = *f;
		confirm_candidate(w, box, other, i, wanted, out);
		if (is_sure(other, wanted) || (!sure && finding_reproduced(other) > finding_reproduced(f)))
			*f = *other;
	}
	free(other);
}

static void confirm_and_shrink(struct sweep *w, struct box *box, const struct errand *errand, struct outcome *out)
{
	struct finding *f = errand->finding;
	enum symptom wanted = w->trials[f->candidate].symptom;
	bool whole = errand->runs == CONFIRMATIONS;

	confirm(w, box, f, wanted, errand->runs, errand->first, out);
	if (whole) {
		confirm_doubted(w, box, f, wanted, out);
		confirm_others(w, box, f, wanted, out);
	}
	if (!errand->first || !finding_reproduced(f))
		return;
	f->posix = beyond_linux(w, box, &w->candidates[f->candidate], out);
	finding_shrink(w, box, f, whole || !shrinks_beside(w), out);
}

int errand_confirm(struct box *box, void *data)
{
	const struct errand *errand = data;
	struct sweep *w = errand->sweep;
	struct finding *f = errand->finding;
	struct outcome *out = mem_new(sizeof(*out));
	int status = worker_prepare(w, box);

	if (!status && errand->alone)
		atomic_fetch_add(&f->alone[breaks_alone(w, box, f->candidate, errand->runs, out)], 1);
	else if (!status)
		confirm_and_shrink(w, box, errand, out);
	run_finish(box);
	free(out);
	return status;
}
