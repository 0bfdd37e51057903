/* SPDX-License-Identifier: MIT */
/* An exploration for a person. */
#include "core/explore/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"

static const char *red(const struct sweep *w)
{
	return w->options.color ? "\033[31m" : "";
}

static const char *bold(const struct sweep *w)
{
	return w->options.color ? "\033[1m" : "";
}

static const char *plain(const struct sweep *w)
{
	return w->options.color ? "\033[0m" : "";
}

static void indent(FILE *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fprintf(out, "      %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void finding_print(const struct sweep *w, uint32_t index, FILE *out)
{
	const struct finding *f = &w->findings[index];
	const struct candidate *c = &w->candidates[f->candidate];

	fprintf(out, "%s%2u  %s%s  %s%s%s\n", red(w), index + 1, symptom_names[f->symptom], plain(w), bold(w),
		w->sites[c->site].text, plain(w));
	fprintf(out, "      struck:  %s in %s, %s number %u%s%s\n", c->label, c->process, c->call, c->occurrence,
		c->peer[0] ? " with " : "", c->peer);
	if (c->has_also)
		fprintf(out, "      and:     %s at %s (%s)\n", c->also_label, w->sites[c->also_site].text,
			c->also_call);
	fprintf(out, "      seen:    %s\n", f->text);
	if (f->callers[0])
		fprintf(out, "      called:  %s\n", f->callers);
	if (f->broke[0])
		fprintf(out, "      broke:   %s\n", f->broke);
	fprintf(out, "      again:   %u of %u; %u trials alike%s\n", finding_reproduced(f), f->tried, f->n_alike,
		f->symptom == SYMPTOM_AMPLIFIED ? "; of lower grade" : "");
	if (f->messages)
		fprintf(out, "      enough:  %u message%s\n", f->messages, f->messages == 1 ? "" : "s");
	if (f->clients)
		fputs("      enough:  1 client\n", out);
	fprintf(out, "      advice:  %s\n", advice(c, f));
	if (f->diagram[0] && w->options.verbose >= 0)
		indent(out, f->diagram);
	if (f->scenario[0])
		fprintf(out, "      repro: sabot run %s --seed %" PRIu64 "\n", f->scenario, w->scenario->seed);
	fputc('\n', out);
}

/* Several findings that end at one place are most likely one mistake. */
static void places_print(const struct sweep *w, FILE *out)
{
	for (uint32_t i = 0; i < w->n_findings; i++) {
		const char *place = w->findings[i].broke;
		uint32_t n = 0, before = 0;

		for (uint32_t k = 0; k < w->n_findings; k++) {
			bool same = place[0] && strcmp(w->findings[k].broke, place) == 0;

			n += same;
			before += same && k < i;
		}
		if (n < 2 || before)
			continue;
		for (uint32_t k = i, told = 0; k < w->n_findings; k++)
			if (strcmp(w->findings[k].broke, place) == 0)
				fprintf(out, "%s%u", told++ ? ", " : "findings ", k + 1);
		fprintf(out, " broke at one place: %s\n", place);
	}
}

static void coverage_print(const struct sweep *w, FILE *out)
{
	struct cover_row *rows;
	size_t n = coverage_rows(w, &rows), total[N_COVERAGE] = { 0 };
	uint32_t last = UINT32_MAX;
	const char *call = "";

	fputs("fault coverage of the call sites\n", out);
	for (size_t i = 0; i < n; i++) {
		static const char *const marks[N_COVERAGE] = { "?", "-", "+", "!" };

		total[rows[i].state]++;
		if (rows[i].site != last || strcmp(call, rows[i].call) != 0)
			fprintf(out, "%s  %-34s %-14s", i ? "\n" : "", w->sites[rows[i].site].text, rows[i].call);
		fprintf(out, " %s%s%s%s", rows[i].state == COVER_BROKEN ? red(w) : "", marks[rows[i].state],
			rows[i].fault, rows[i].state == COVER_BROKEN ? plain(w) : "");
		last = rows[i].site;
		call = rows[i].call;
	}
	fprintf(out, "\n  + handled %zu   ! broken %zu   - cannot happen here %zu   ? not run %zu\n",
		total[COVER_HANDLED], total[COVER_BROKEN], total[COVER_INFEASIBLE], total[COVER_NOT_RUN]);
	free(rows);
}

static void skipped_print(const struct sweep *w, FILE *out)
{
	uint32_t reasons[N_REFUSALS];

	memcpy(reasons, w->n_skipped, sizeof(reasons));
	for (uint32_t i = 0; i < w->n_candidates; i++)
		if (w->trials[i].state == TRIAL_DONE && w->trials[i].result == RESULT_INFEASIBLE)
			reasons[w->trials[i].refusal]++;
	fprintf(out, "%u faults cannot happen at their position\n", count_infeasible(w));
	for (uint32_t i = 1; i < N_REFUSALS; i++)
		if (reasons[i])
			fprintf(out, "  %6u  %s\n", reasons[i], refusal_texts[i]);
}

static void trials_print(const struct sweep *w, FILE *out)
{
	static const char *const results[] = { "handled", "broken", "infeasible", "missed", "harness" };

	for (uint32_t i = 0; i < w->n_order; i++) {
		const struct candidate *c = &w->candidates[w->order[i]];
		const struct trial *t = &w->trials[w->order[i]];

		if (t->state == TRIAL_DONE)
			fprintf(out, "%8.2f ms  %-10s %-12s %s %u in %s at %s: %s%s%s\n", (double)t->duration_ns / 1e6,
				results[t->result], t->symptom ? symptom_names[t->symptom] : "", c->call, c->occurrence,
				c->process, w->sites[c->site].text, c->label, t->refusal ? ": " : "",
				t->refusal ? refusal_texts[t->refusal] : "");
	}
}

void explore_print(const struct sweep *w, FILE *out)
{
	double seconds = (double)w->swept_ns / 1e9;

	fprintf(out, "%s%s%s%s%s\n", bold(w), w->scenario->name, plain(w), w->scenario->title ? ": " : "",
		w->scenario->title ? w->scenario->title : "");
	if (w->baseline.notes[0])
		fputs(w->baseline.notes, out);
	for (size_t i = 0; i < w->scenario->n_expects; i++)
		if (w->scenario->expects[i].benign && w->scenario->expects[i].property)
			fprintf(out, "%s is not asked for: %s\n", w->scenario->expects[i].property,
				w->scenario->expects[i].benign);
	if (!w->baseline.sound) {
		fprintf(out, "%sfails without any fault%s: %s\n", red(w), plain(w), w->baseline.why);
		return;
	}
	fprintf(out, "%u positions at %u call sites, %u runs, %.0f runs/s\n\n", w->n_positions, w->n_sites,
		atomic_load(&w->n_runs), seconds > 0 ? (double)w->n_runs_swept / seconds : 0);
	for (uint32_t i = 0; i < w->n_findings; i++)
		finding_print(w, i, out);
	if (w->options.verbose > 0 || w->n_findings == 0 || w->options.verbose == 0)
		coverage_print(w, out);
	if (w->options.verbose > 0)
		skipped_print(w, out);
	if (w->options.verbose > 1)
		trials_print(w, out);
	if (w->n_unreproduced)
		fprintf(out, "%u broke once and not again: not counted\n%s", w->n_unreproduced,
			w->options.verbose > 0 ? w->unreproduced : "");
	if (atomic_load(&w->n_harness))
		fprintf(out, "%u runs could not be made\n", atomic_load(&w->n_harness));
	if (w->interrupted)
		fputs("interrupted: what is above was not confirmed, and not all was tried\n", out);
	if (w->n_candidates == 0)
		fprintf(out, "no fault%s can happen at any position: nothing was tried\n",
			w->options.n_kinds ? " of --inject" : "");
	if (w->n_wanted > w->n_order)
		fprintf(out, "%u of %u faults were tried, as --positions has it\n", w->n_order, w->n_wanted);
	if (w->out_of_budget)
		fputs("the budget is used up: not all was tried\n", out);
	places_print(w, out);
	fprintf(out, "%u finding%s\n", w->n_findings, w->n_findings == 1 ? "" : "s");
}

static void annotate_file(const struct sweep *w, const struct cover_row *rows, size_t n, uint32_t site, FILE *out)
{
	const char *path = w->sites[site].path;
	FILE *in = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	if (!in)
		return;
	fprintf(out, "%s\n", path);
	for (int number = 1; getline(&line, &room, in) >= 0; number++) {
		enum coverage worst = COVER_NOT_RUN;
		bool any = false;
		struct str faults = STR_NONE;

		for (size_t i = 0; i < n; i++) {
			const struct sweep_site *s = &w->sites[rows[i].site];

			if (s->line != number || strcmp(s->path, path) != 0)
				continue;
			any = true;
			worst = rows[i].state > worst ? rows[i].state : worst;
			if (rows[i].state == COVER_BROKEN)
				str_addf(&faults, " !%s", rows[i].fault);
		}
		fprintf(out, "%12s:%5d: %s", any ? coverage_names[worst] : "-", number, line);
		if (faults.length)
			fprintf(out, "%12s      :%s\n", "", str_get(&faults));
		str_fini(&faults);
	}
	free(line);
	fclose(in);
}

void explore_annotate(const struct sweep *w, FILE *out)
{
	struct cover_row *rows;
	size_t n = coverage_rows(w, &rows);

	for (uint32_t i = 0; i < w->n_sites; i++) {
		bool first = w->sites[i].path[0] != '\0';

		for (uint32_t k = 0; k < i && first; k++)
			first = strcmp(w->sites[k].path, w->sites[i].path) != 0;
		if (first)
			annotate_file(w, rows, n, i, out);
	}
	free(rows);
}
