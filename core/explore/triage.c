/* SPDX-License-Identifier: MIT */
/* From broken trials to findings: alike ones become one, each is tried again, and what does not come back is dropped. */
#include "core/explore/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/base/str.h"

enum { CONFIRM_AT_ONCE = 6 };

void label_kind(const char *label, char *out, size_t size)
{
	size_t n = strcspn(label, ":");

	if (strncmp(label, "fail", 4) == 0) {
		snprintf(out, size, "fail %s", label + (label[n] ? n + 2 : n));
		return;
	}
	snprintf(out, size, "%.*s", (int)n, label);
}

static bool alike(const struct candidate *a, const struct trial *ta, const struct candidate *b, const struct trial *tb)
{
	char ka[LABEL], kb[LABEL];

	label_kind(a->label, ka, sizeof(ka));
	label_kind(b->label, kb, sizeof(kb));
	return a->site == b->site && ta->symptom == tb->symptom && strcmp(a->call, b->call) == 0 && strcmp(ka, kb) == 0;
}

/* Which of two alike trials stands for both: the earlier occurrence, then the quicker run. */
static bool better(const struct candidate *a, const struct trial *ta, const struct candidate *b, const struct trial *tb)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return ta->duration_ns / 100000000 < tb->duration_ns / 100000000;
}

static int by_order(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	return x->candidate < y->candidate ? -1 : x->candidate > y->candidate;
}

void findings_group(struct sweep *w)
{
	for (uint32_t i = 0; i < w->n_candidates; i++) {
		const struct candidate *c = &w->candidates[i];
		const struct trial *t = &w->trials[i];
		struct finding *f = NULL;

		if (t->state != TRIAL_DONE || t->result != RESULT_BROKEN)
			continue;
		for (uint32_t k = 0; k < w->n_findings && !f; k++)
			if (alike(c, t, &w->candidates[w->findings[k].candidate], &w->trials[w->findings[k].candidate]))
				f = &w->findings[k];
		if (f) {
			f->n_alike++;
			if (better(c, t, &w->candidates[f->candidate], &w->trials[f->candidate]))
				f->candidate = i;
			continue;
		}
		if (w->n_findings == SWEEP_FINDINGS)
			continue;
		f = &w->findings[w->n_findings++];
		*f = (struct finding){ .candidate = i, .symptom = t->symptom, .n_alike = 1 };
	}
	qsort(w->findings, w->n_findings, sizeof(*w->findings), by_order);
}

static void drop_unreproduced(struct sweep *w)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < w->n_findings; i++) {
		/* Once in three may be chance of the machine; twice is the program. */
		if (w->findings[i].reproduced * 2 < w->findings[i].tried || !w->findings[i].reproduced) {
			w->n_unreproduced++;
			continue;
		}
		w->findings[kept++] = w->findings[i];
	}
	w->n_findings = kept;
}

int findings_confirm(struct sweep *w, const struct box_options *options)
{
	struct errand errands[CONFIRM_AT_ONCE];
	int pids[CONFIRM_AT_ONCE], status, worst = 0;

	for (uint32_t from = 0; from < w->n_findings && !w->interrupted; from += CONFIRM_AT_ONCE) {
		uint32_t n = w->n_findings - from < CONFIRM_AT_ONCE ? w->n_findings - from : CONFIRM_AT_ONCE;

		for (uint32_t i = 0; i < n; i++) {
			struct box_options o = *options;

			o.cpu = options->cpu < 0 ? -1 : (int)(i % w->options.jobs);
			errands[i] = (struct errand){ .sweep = w, .finding = from + i };
			if (box_start(&o, errand_confirm, &errands[i], &pids[i]))
				pids[i] = 0;
		}
		for (uint32_t i = 0; i < n; i++) {
			if (!pids[i] || box_wait(pids[i], &status))
				status = EXIT_HARNESS;
			worst = status ? status : worst;
		}
	}
	if (!w->interrupted)
		drop_unreproduced(w);
	return worst;
}
