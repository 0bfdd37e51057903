/* SPDX-License-Identifier: MIT */
/* Which faults were tried at which call sites, and what came of them. */
#include "core/explore/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"

const char *const coverage_names[N_COVERAGE] = {
	[COVER_NOT_RUN] = "not-run",
	[COVER_INFEASIBLE] = "infeasible",
	[COVER_HANDLED] = "handled",
	[COVER_BROKEN] = "broken",
};

/* Wherever one is stopped for good, the same place waits for it: such findings are one. */
static bool both_stall(const struct sweep *w, uint32_t a, uint32_t b)
{
	return w->candidates[a].stall_call && w->candidates[b].stall_call &&
	       w->trials[a].symptom == w->trials[b].symptom;
}

/* A trial that broke but did not come back is no proof of anything. */
static bool stands(const struct sweep *w, uint32_t candidate)
{
	for (uint32_t i = 0; i < w->n_findings; i++)
		if (trials_alike(w, candidate, w->findings[i].candidate) ||
			both_stall(w, candidate, w->findings[i].candidate))
			return true;
	return false;
}

static enum coverage state_of(const struct sweep *w, uint32_t i)
{
	const struct trial *t = &w->trials[i];

	if (t->state != TRIAL_DONE)
		return COVER_NOT_RUN;
	switch (t->result) {
	case RESULT_BROKEN:
		return stands(w, i) ? COVER_BROKEN : COVER_NOT_RUN;
	case RESULT_HANDLED:
		return COVER_HANDLED;
	case RESULT_INFEASIBLE:
		return COVER_INFEASIBLE;
	default:
		return COVER_NOT_RUN;
	}
}

static void row_merge(
	struct cover_row *rows, size_t *n, uint32_t site, const char *call, const char *kind, enum coverage state)
{
	for (size_t i = 0; i < *n; i++)
		if (rows[i].site == site && strcmp(rows[i].call, call) == 0 && strcmp(rows[i].fault, kind) == 0) {
			if (state > rows[i].state)
				rows[i].state = state;
			return;
		}
	rows[*n].site = site;
	rows[*n].state = state;
	text_copy(rows[*n].call, sizeof(rows[*n].call), call);
	text_copy(rows[*n].fault, sizeof(rows[*n].fault), kind);
	++*n;
}

static const struct sweep *sorted;

static int by_place(const void *a, const void *b)
{
	const struct cover_row *x = a, *y = b;
	const struct sweep_site *sx = &sorted->sites[x->site], *sy = &sorted->sites[y->site];
	int order = strcmp(sx->file, sy->file);

	if (!order && sx->line != sy->line)
		return sx->line < sy->line ? -1 : 1;
	order = order ? order : strcmp(sx->key, sy->key);
	order = order ? order : strcmp(x->call, y->call);
	return order ? order : strcmp(x->fault, y->fault);
}

size_t coverage_rows(const struct sweep *w, struct cover_row **rows)
{
	size_t n = 0;
	char kind[LABEL];

	*rows = mem_new((w->n_candidates + w->n_skips + 1) * sizeof(**rows));
	for (uint32_t i = 0; i < w->n_candidates; i++) {
		label_kind(w->candidates[i].label, kind, sizeof(kind));
		row_merge(*rows, &n, w->candidates[i].site, w->candidates[i].call, kind, state_of(w, i));
	}
	for (uint32_t i = 0; i < w->n_skips; i++)
		row_merge(*rows, &n, w->skips[i].site, w->skips[i].call, w->skips[i].kind, COVER_INFEASIBLE);
	sorted = w;
	qsort(*rows, n, sizeof(**rows), by_place);
	return n;
}

uint32_t count_infeasible(const struct sweep *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < N_REFUSALS; i++)
		n += w->n_skipped[i];
	for (uint32_t i = 0; i < w->n_candidates; i++)
		n += w->trials[i].state == TRIAL_DONE && w->trials[i].result == RESULT_INFEASIBLE;
	return n;
}
