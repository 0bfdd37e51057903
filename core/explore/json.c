/* SPDX-License-Identifier: MIT */
/* An exploration for programs. */
#include "core/explore/internal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"

static json_t *finding_json(const struct sweep *w, uint32_t index)
{
	const struct finding *f = &w->findings[index];
	const struct candidate *c = &w->candidates[f->candidate];
	char again[32], what[2 * LABEL + 8];

	snprintf(again, sizeof(again), "%u/%u", finding_reproduced(f), f->tried);
	snprintf(what, sizeof(what), c->has_also ? "%s, then %s" : "%s", c->label, c->also_label);
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:[s], s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
		"id", (int)index + 1, "role", c->process, "call", c->call, "site", w->sites[c->site].key,
		"function", w->sites[c->site].text, "nth", (json_int_t)c->occurrence, "do", what,
		"symptom", symptom_names[f->symptom], "properties", finding_property(f),
		"realism", f->posix ? "posix" : "linux", "reproduced", again, "scenario", f->scenario,
		"why", f->text, "advice", advice(c, f), "callers", f->callers,
		"broke_at", f->broke_at);
}

static json_t *coverage_json(const struct sweep *w)
{
	json_t *list = json_array(), *faults = NULL;
	struct cover_row *rows;
	size_t n = coverage_rows(w, &rows);

	for (size_t i = 0; i < n; i++) {
		if (!i || rows[i].site != rows[i - 1].site || strcmp(rows[i].call, rows[i - 1].call) != 0) {
			faults = json_object();
			json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "site", w->sites[rows[i].site].key,
				"call", rows[i].call, "faults", faults));
		}
		json_object_set_new(faults, rows[i].fault, json_string(coverage_names[rows[i].state]));
	}
	free(rows);
	return list;
}

int explore_json(const struct sweep *w, FILE *out)
{
	double seconds = (double)w->swept_ns / 1e9;
	json_t *findings = json_array(), *root;
	int status;

	for (uint32_t i = 0; i < w->n_findings; i++)
		json_array_append_new(findings, finding_json(w, i));
	root = json_pack("{s:i, s:s, s:i, s:i, s:f, s:i, s:o, s:o, s:b, s:s, s:b, s:b, s:i}", "sabot", 1, "file",
		w->scenario->file, "positions", (int)w->n_positions, "runs", (int)atomic_load(&w->n_runs),
		"runs_per_second", seconds > 0 ? (double)w->n_runs_swept / seconds : 0.0, "skipped_infeasible",
		(int)count_infeasible(w), "findings", findings, "coverage", coverage_json(w), "baseline_sound",
		w->baseline.sound, "baseline_why", w->baseline.why, "interrupted", w->interrupted, "out_of_budget",
		w->out_of_budget, "unreproduced", (int)w->n_unreproduced);
	status = root && json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0 ? 0 : -EIO;
	fputc('\n', out);
	json_decref(root);
	return status;
}
