/* SPDX-License-Identifier: MIT */
/* The matrix as JSON (DESIGN, section 6) and as Markdown. */
#include "core/report/matrix.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "core/model/guarantee.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

static json_t *cell_json(const struct matrix_cell *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "technique", c->technique, "guarantee", c->guarantee, "value",
		c->value, "evidence", c->evidence, "scenario", c->scenario);
}

int matrix_print_json(FILE *out, const struct matrix *m)
{
	json_t *cells = json_array(), *root;
	int error;

	for (size_t i = 0; cells && i < m->n; i++)
		json_array_append_new(cells, cell_json(&m->cells[i]));
	root = json_pack("{s:i, s:s, s:o}", "sabot", 1, "kernel", m->kernel, "cells", cells);
	if (!root)
		return -ENOMEM;
	error = json_dumpf(root, out, JSON_INDENT(1));
	json_decref(root);
	fputc('\n', out);
	return error || fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}

/* A bar would end the cell. */
static void cell_print(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static bool has_guarantee(const struct matrix *m, const char *guarantee)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->cells[i].guarantee, guarantee) == 0)
			return true;
	return false;
}

static bool has_technique(const struct matrix *m, const char *technique)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->cells[i].technique, technique) == 0)
			return true;
	return false;
}

/* Guarantees down, techniques across: Markdown has no width, and a browser scrolls. */
static void table_print(FILE *out, const struct matrix *m)
{
	const char *group = "";

	fprintf(out, "| guarantee |");
	for (size_t t = 0; t < n_techniques; t++)
		if (has_technique(m, technique_table[t].name))
			fprintf(out, " %s |", technique_table[t].name);
	fprintf(out, "\n|---|");
	for (size_t t = 0; t < n_techniques; t++)
		if (has_technique(m, technique_table[t].name))
			fprintf(out, "---|");
	fputc('\n', out);
	for (size_t g = 0; g < n_guarantees; g++) {
		if (!has_guarantee(m, guarantee_table[g].name))
			continue;
		if (strcmp(group, guarantee_table[g].group) != 0)
			fprintf(out, "| *%s* |\n", guarantee_table[g].group);
		group = guarantee_table[g].group;
		fprintf(out, "| **%s** |", guarantee_table[g].name);
		for (size_t t = 0; t < n_techniques; t++) {
			const struct matrix_cell *c = matrix_find(m, technique_table[t].name, guarantee_table[g].name);

			if (!has_technique(m, technique_table[t].name))
				continue;
			fputc(' ', out);
			cell_print(out, c ? c->value : "");
			fprintf(out, " |");
		}
		fputc('\n', out);
	}
}

static void comparison_print(FILE *out, const struct matrix *m)
{
	bool any = false;

	for (size_t i = 0; i < n_matrix_claims; i++) {
		const struct matrix_claim *claim = &matrix_claims[i];

		for (const char *const *t = matrix_claim_techniques(claim); *t; t++) {
			const struct matrix_cell *c = matrix_find(m, *t, claim->guarantee);

			if (!c)
				continue;
			if (!any)
				fprintf(out, "\n## Streams and datagrams: what is taught, and what was measured\n\n"
					     "| aspect | taught | technique | measured | true here | evidence "
					     "|\n|---|---|---|---|---|---|\n");
			any = true;
			fprintf(out, "| %s | %s: %s | %s | %s | %s | ", claim->aspect,
				claim->stream ? "stream" : "datagram", claim->taught, *t, c->value,
				matrix_claim_agrees(claim, c) ? "yes" : "**no**");
			cell_print(out, c->evidence);
			fprintf(out, " |\n");
		}
	}
}

int matrix_print_markdown(FILE *out, const struct matrix *m)
{
	fprintf(out, "# What each technique guarantees\n\nMeasured on %s: %zu cells, %zu unknown.\n\n", m->kernel, m->n,
		matrix_unknown(m));
	table_print(out, m);
	comparison_print(out, m);
	fprintf(out, "\n## Evidence\n\n");
	for (size_t g = 0; g < n_guarantees; g++) {
		bool any = false;

		for (size_t i = 0; i < m->n; i++) {
			const struct matrix_cell *c = &m->cells[i];

			if (strcmp(c->guarantee, guarantee_table[g].name) != 0)
				continue;
			if (!any)
				fprintf(out, "%s: %s\n\n", guarantee_table[g].name, guarantee_table[g].question);
			any = true;
			fprintf(out, "- %s: **%s**: %s\n", c->technique, c->value, c->evidence);
		}
		fprintf(out, "%s", any ? "\n" : "");
	}
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}
