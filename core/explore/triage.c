/* SPDX-License-Identifier: MIT */
/*
 * From broken trials to findings: alike ones become one, each is tried again, and what does not come back is
 * dropped.
 */
#include "core/explore/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/base/str.h"

void label_kind(const char *label, char *out, size_t size)
{
	size_t n = strcspn(label, ":");

	if (strncmp(label, "fail", 4) == 0) {
		snprintf(out, size, "fail %s", label + (label[n] ? n + 2 : n));
		return;
	}
	snprintf(out, size, "%.*s", (int)n, label);
}

/* Faults that teach the same about a place: the peer is gone, a resource was refused, a datagram went astray. */
void label_lesson(const char *label, char *out, size_t size)
{
	static const char *const gone[] = { "kill", "reset", "hangup", "eof" },
				 *const astray[] = { "drop", "duplicate", "reorder" };

	label_kind(label, out, size);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		if (strcmp(out, gone[i]) == 0)
			text_copy(out, size, "the peer is gone");
	for (size_t i = 0; i < sizeof(astray) / sizeof(*astray); i++)
		if (strcmp(out, astray[i]) == 0)
			text_copy(out, size, "a datagram went astray");
	if (strncmp(label, "fail", 4) == 0)
		text_copy(out, size, "a call failed");
}

bool candidates_alike(const struct candidate *a, const struct candidate *b)
{
	char one[LABEL], two[LABEL];

	if (a->site != b->site || a->has_also != b->has_also || (a->has_also && a->also_site != b->also_site) ||
		strcmp(a->call, b->call) != 0)
		return false;
	label_lesson(a->label, one, sizeof(one));
	label_lesson(b->label, two, sizeof(two));
	return strcmp(one, two) == 0;
}

bool trials_alike(const struct sweep *w, uint32_t a, uint32_t b)
{
	const struct trial *x = &w->trials[a], *y = &w->trials[b];

	return x->symptom == y->symptom && (restarts_alike(x->role, x->text, y->role, y->text) ||
		candidates_alike(&w->candidates[a], &w->candidates[b]));
}

/*
 * After a kill, or an end of file, the other side is already on its way: what it still does depends on the scheduler.
 * Nobody but TCP can reset a connection at once: elsewhere the other side sees its end first, and the reset only if it
 * looks late enough.
 */
static int unsureness(const struct candidate *c)
{
	if (c->fault.action == ACT_RESET && !(c->fault.kinds & (uint64_t)1 << OBJ_TCP))
		return 2;
	return c->fault.action == ACT_KILL || c->fault.action == ACT_EOF;
}

/* The surer fault, one strike before several, the earlier occurrence, the one that comes first in the menu. */
bool candidate_better(const struct sweep *w, uint32_t a, uint32_t b)
{
	const struct candidate *x = &w->candidates[a], *y = &w->candidates[b];

	if (unsureness(x) != unsureness(y))
		return unsureness(x) < unsureness(y);
	if ((x->fault.times == 1) != (y->fault.times == 1))
		return x->fault.times == 1;
	return x->rank != y->rank ? x->rank < y->rank : a < b;
}

static int by_order(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return x->candidate < y->candidate ? -1 : x->candidate > y->candidate;
}

void findings_group(struct sweep *w)
{
	for (uint32_t i = 0; i < w->n_candidates; i++) {
		const struct trial *t = &w->trials[i];
		struct finding *f = NULL;

		if (t->state != TRIAL_DONE || t->result != RESULT_BROKEN)
			continue;
		for (uint32_t k = 0; k < w->n_findings && !f; k++)
			if (trials_alike(w, i, w->findings[k].candidate))
				f = &w->findings[k];
		if (f) {
			f->n_alike++;
			if (candidate_better(w, i, f->candidate))
				f->candidate = i;
			continue;
		}
		if (w->n_findings == SWEEP_FINDINGS)
			continue;
		f = &w->findings[w->n_findings++];
		*f = (struct finding){ .candidate = i, .symptom = t->symptom, .n_alike = 1 };
	}
	qsort(w->findings, w->n_findings, sizeof(*w->findings), by_order);
	/* What the sweep saw stays until a confirmation says it anew. */
	for (uint32_t i = 0; i < w->n_findings; i++) {
		const struct trial *t = &w->trials[w->findings[i].candidate];

		text_copy(w->findings[i].text, TRIAL_TEXT, t->text);
		text_copy(w->findings[i].role, ROLE_NAME, t->role);
		text_copy(w->findings[i].property, sizeof(w->findings[i].property), t->property);
	}
}

static void unreproduced(struct sweep *w, const struct finding *f)
{
	const struct candidate *c = &w->candidates[f->candidate];
	size_t n = strlen(w->unreproduced);

	w->n_unreproduced++;
	snprintf(w->unreproduced + n, sizeof(w->unreproduced) - n, "  %s at %s in %s: %s (%u of %u): %s\n", c->label,
		 w->sites[c->site].text, c->process, symptom_names[w->trials[f->candidate].symptom],
		 finding_reproduced(f), atomic_load(&f->tried),
		 w->trials[f->candidate].text);
}

static void drop_unreproduced(struct sweep *w)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < w->n_findings; i++) {
		struct finding *f = &w->findings[i];
		uint32_t reproduced = finding_reproduced(f);

		/* Once in three may be chance of the machine; twice is the program. */
		if (reproduced * 2 < f->tried || !reproduced) {
			unreproduced(w, f);
			continue;
		}
		if (atomic_load(&f->alone[f->symptom]) == SHRINK_TRIES)
			f->clients = 1;
		if (f != &w->findings[kept])
			w->findings[kept] = *f;
		kept++;
	}
	w->n_findings = kept;
}

/* Wherever it is stopped, it is waited for at the same place. */
static bool stalls_alike(const struct sweep *w, const struct finding *a, const struct finding *b)
{
	return w->candidates[a->candidate].stall_call && w->candidates[b->candidate].stall_call && a->broke[0] &&
	       strcmp(a->broke, b->broke) == 0;
}

static bool findings_alike(const struct sweep *w, const struct finding *a, const struct finding *b)
{
	return a->symptom == b->symptom && (restarts_alike(a->role, a->text, b->role, b->text) ||
		stalls_alike(w, a, b) || candidates_alike(&w->candidates[a->candidate], &w->candidates[b->candidate]));
}

/* What turned out to tell the same when it was tried again is one. */
static void findings_join(struct sweep *w)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < w->n_findings; i++) {
		struct finding *f = &w->findings[i], *known = NULL;

		for (uint32_t k = 0; k < kept && !known; k++)
			if (findings_alike(w, &w->findings[k], f))
				known = &w->findings[k];
		if (!known) {
			if (f != &w->findings[kept])
				w->findings[kept] = *f;
			kept++;
			continue;
		}
		f->n_alike += known->n_alike;
		if (candidate_better(w, f->candidate, known->candidate))
			*known = *f;
		else
			known->n_alike = f->n_alike;
	}
	w->n_findings = kept;
	qsort(w->findings, w->n_findings, sizeof(*w->findings), by_order);
}

/* How many messages of a reference workload suffice hangs on how many clients do: there, one after the other. */
bool shrinks_beside(const struct sweep *w)
{
	return !w->scenario->reference.technique;
}

uint32_t errands_of_long(struct sweep *w, struct finding *f, struct errand *errands)
{
	const struct candidate *c = &w->candidates[f->candidate];
	uint32_t n = 0;

	for (uint32_t k = 0; k < CONFIRMATIONS; k++)
		errands[n++] = (struct errand){ .sweep = w, .finding = f, .first = k == 0, .runs = 1 };
	for (uint32_t k = 0; k < SHRINK_TRIES && shrinks_beside(w) && may_be_alone(w, c); k++)
		errands[n++] = (struct errand){ .sweep = w, .finding = f, .alone = true, .runs = 1 };
	return n;
}

/* Long runs come first; each of theirs is an errand of its own. How many there are, and in *n_long of the long ones. */
static uint32_t errands_make(struct sweep *w, struct errand *errands, uint32_t *n_long)
{
	uint32_t n = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < w->n_findings; i++) {
			struct finding *f = &w->findings[i];
			bool slow = w->trials[f->candidate].duration_ns > LONG_NS;

			if (slow != (pass == 0) || (slow && rehearsal_adopt(w, f)))
				continue;
			if (slow)
				n += errands_of_long(w, f, errands + n);
			else
				errands[n++] = (struct errand){ .sweep = w, .finding = f, .first = true,
								.runs = CONFIRMATIONS };
		}
		if (pass == 0)
			*n_long = n;
	}
	return n;
}

void errands_start(struct sweep *w, const struct box_options *options, struct errand *errands, uint32_t n, int *pids)
{
	for (uint32_t i = 0; i < n; i++) {
		struct box_options o = *options;

		o.cpu = options->cpu < 0 ? -1 : (int)(i % w->options.jobs);
		if (box_start(&o, errand_confirm, &errands[i], &pids[i]))
			pids[i] = 0;
	}
}

static int errands_wait(const int *pids, uint32_t n)
{
	int status, worst = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!pids[i] || box_wait(pids[i], &status))
			status = EXIT_HARNESS;
		worst = status ? status : worst;
	}
	return worst;
}

/* Up to so many side by side, until all are through. */
static int errands_run(struct sweep *w, const struct box_options *options, struct errand *errands, uint32_t n,
	uint32_t at_once)
{
	int pids[WAITING_AT_ONCE], worst = 0;

	for (uint32_t from = 0; from < n && !atomic_load(&w->stop); from += at_once) {
		uint32_t some = n - from < at_once ? n - from : at_once;
		int status;

		errands_start(w, options, errands + from, some, pids);
		status = errands_wait(pids, some);
		worst = status ? status : worst;
	}
	return worst;
}

/* Long runs wait more than they work: while the first of them do, the short ones are made. */
int findings_confirm(struct sweep *w, const struct box_options *options)
{
	struct errand *errands = mem_new((w->n_findings * LONG_ERRANDS + 1) * sizeof(*errands));
	uint32_t n_long = 0, n_errands = errands_make(w, errands, &n_long),
			 n_first = n_long < WAITING_AT_ONCE ? n_long : WAITING_AT_ONCE;
	int pids[WAITING_AT_ONCE], status, worst;

	errands_start(w, options, errands, n_first, pids);
	worst = errands_run(w, options, errands + n_long, n_errands - n_long, CONFIRM_AT_ONCE);
	status = errands_wait(pids, n_first);
	worst = status ? status : worst;
	status = errands_run(w, options, errands + n_first, n_long - n_first, WAITING_AT_ONCE);
	worst = status ? status : worst;
	free(errands);
	w->interrupted |= atomic_load(&w->stop) != 0;
	if (!w->interrupted) {
		drop_unreproduced(w);
		findings_join(w);
	}
	return worst;
}
