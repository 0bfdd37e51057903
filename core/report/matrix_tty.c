/* SPDX-License-Identifier: MIT */
#include "core/report/matrix.h"

#include <errno.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/guarantee.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

enum { GAP = 2, INDENT = 4 };

#define DIM "\033[2m"
#define BOLD "\033[1m"
#define BAD "\033[31m"
#define PLAIN "\033[0m"

struct sheet {
	FILE *out;
	const struct matrix *m;
	bool color;
};

static void ink(const struct sheet *s, const char *code)
{
	if (s->color)
		fputs(code, s->out);
}

/* Text from the present column on, broken between words; further lines are indented. */
static void wrap_print(FILE *out, size_t at, size_t indent, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " "), space = at > indent;

		if (at + space + n > MATRIX_COLUMNS && at > indent) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			space = 0;
		}
		fprintf(out, "%s%.*s", space ? " " : "", (int)n, text);
		at += space + n;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static bool technique_has_cells(const struct matrix *m, const char *technique)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->cells[i].technique, technique) == 0)
			return true;
	return false;
}

/* Columns that the guarantee takes, without the gap; 0: it was not measured. */
static size_t column_width(const struct matrix *m, const char *guarantee)
{
	size_t width = 0;

	for (size_t i = 0; i < m->n; i++) {
		size_t n = strlen(m->cells[i].value);

		if (strcmp(m->cells[i].guarantee, guarantee) != 0)
			continue;
		width = width ? width : strlen(guarantee);
		width = n > width ? n : width;
	}
	return width;
}

static size_t first_width(const struct matrix *m)
{
	size_t width = 0;

	for (size_t i = 0; i < m->n; i++)
		width = strlen(m->cells[i].technique) > width ? strlen(m->cells[i].technique) : width;
	return width;
}

static void row_print(const struct sheet *s, const char *technique, size_t from, size_t to)
{
	struct str line = STR_NONE;

	fprintf(s->out, "%-*s", (int)first_width(s->m), technique);
	for (size_t g = from; g < to; g++) {
		size_t width = column_width(s->m, guarantee_table[g].name);
		const struct matrix_cell *c = matrix_find(s->m, technique, guarantee_table[g].name);
		const char *value = c ? c->value : "";
		bool faint = strcmp(value, "n/a") == 0, bad = strcmp(value, "unknown") == 0;

		if (width == 0)
			continue;
		str_addf(&line, "%*s", GAP, "");
		fputs(str_get(&line), s->out);
		str_clear(&line);
		ink(s, faint ? DIM : bad ? BAD : "");
		fputs(value, s->out);
		ink(s, faint || bad ? PLAIN : "");
		str_addf(&line, "%*s", (int)(width - strlen(value)), "");
	}
	str_fini(&line);
	fputc('\n', s->out);
}

static void header_print(const struct sheet *s, size_t from, size_t to)
{
	struct str line = STR_NONE;

	str_addf(&line, "%*s", (int)first_width(s->m), "");
	for (size_t g = from; g < to; g++) {
		size_t width = column_width(s->m, guarantee_table[g].name);

		if (width)
			str_addf(&line, "%*s%-*s", GAP, "", (int)width, guarantee_table[g].name);
	}
	while (line.length && line.text[line.length - 1] == ' ')
		line.text[--line.length] = '\0';
	ink(s, BOLD);
	fputs(str_get(&line), s->out);
	ink(s, PLAIN);
	fputc('\n', s->out);
	str_fini(&line);
}

static void table_print(const struct sheet *s, size_t from, size_t to)
{
	header_print(s, from, to);
	for (size_t t = 0; t < n_techniques; t++)
		if (technique_has_cells(s->m, technique_table[t].name))
			row_print(s, technique_table[t].name, from, to);
}

/* As many columns as fit, then another table below. */
static void group_print(const struct sheet *s, size_t from, size_t to)
{
	while (from < to) {
		size_t width = first_width(s->m), next = from;

		while (next < to) {
			size_t column = column_width(s->m, guarantee_table[next].name);

			if (column && width + GAP + column > MATRIX_COLUMNS && next > from)
				break;
			width += column ? GAP + column : 0;
			next++;
		}
		if (width > first_width(s->m)) {
			fputc('\n', s->out);
			table_print(s, from, next);
		}
		from = next;
	}
}

static bool group_measured(const struct matrix *m, size_t from, size_t to)
{
	for (size_t g = from; g < to; g++)
		if (column_width(m, guarantee_table[g].name))
			return true;
	return false;
}

static void evidence_print(const struct sheet *s)
{
	fprintf(s->out, "\nEvidence:\n");
	for (size_t i = 0; i < s->m->n; i++) {
		const struct matrix_cell *c = &s->m->cells[i];
		int n = fprintf(s->out, "%*s%s, %s: %s:", INDENT, "", c->technique, c->guarantee, c->value);

		wrap_print(s->out, (size_t)n, INDENT * 2, c->evidence);
	}
}

static void unknown_print(const struct sheet *s)
{
	if (matrix_unknown(s->m) == 0)
		return;
	fprintf(s->out, "\nUnknown:\n");
	for (size_t i = 0; i < s->m->n; i++) {
		const struct matrix_cell *c = &s->m->cells[i];
		int n;

		if (strcmp(c->value, "unknown") != 0)
			continue;
		n = fprintf(s->out, "%*s%s, %s:", INDENT, "", c->technique, c->guarantee);
		wrap_print(s->out, (size_t)n, INDENT * 2, c->evidence);
	}
}

/* --- what is taught ------------------------------------------------------------------------------------------- */

static bool claim_measured(const struct matrix *m, const struct matrix_claim *c)
{
	for (const char *const *t = matrix_claim_techniques(c); *t; t++)
		if (matrix_find(m, *t, c->guarantee))
			return true;
	return false;
}

static void claim_print(const struct sheet *s, const struct matrix_claim *claim)
{
	enum { VALUE = 24 };
	const int name = 12;

	fprintf(s->out, "%*s%s: %s\n", INDENT, "", claim->stream ? "stream" : "datagram", claim->taught);
	for (const char *const *t = matrix_claim_techniques(claim); *t; t++) {
		const struct matrix_cell *c = matrix_find(s->m, *t, claim->guarantee);
		bool agrees = c && matrix_claim_agrees(claim, c);
		int n;

		if (!c)
			continue;
		fprintf(s->out, "%*s", INDENT * 2, "");
		ink(s, agrees ? "" : BOLD);
		n = fprintf(s->out, "%-*s %-*s", name, *t, VALUE, c->value) + INDENT * 2;
		ink(s, agrees ? "" : PLAIN);
		n += fprintf(s->out, "%s", agrees ? "  " : "≠ ") - (agrees ? 0 : 2);
		wrap_print(s->out, (size_t)n, INDENT * 2 + 13 + VALUE + 2, c->evidence);
	}
}

static void differences_print(const struct sheet *s)
{
	size_t n = 0;

	for (size_t i = 0; i < n_matrix_claims; i++) {
		const struct matrix_claim *claim = &matrix_claims[i];

		for (const char *const *t = matrix_claim_techniques(claim); *t; t++) {
			const struct matrix_cell *c = matrix_find(s->m, *t, claim->guarantee);

			if (!c || matrix_claim_agrees(claim, c))
				continue;
			if (n++ == 0)
				fprintf(s->out, "\nWhere this machine differs from what is taught:\n");
			fprintf(s->out, "%*s%s, %s: taught \"%s\"; measured: %s\n", INDENT, "", *t, claim->aspect,
				claim->taught, c->value);
		}
	}
}

static void comparison_print(const struct sheet *s)
{
	const char *aspect = NULL;

	for (size_t i = 0; i < n_matrix_claims; i++) {
		const struct matrix_claim *claim = &matrix_claims[i];

		if (!claim_measured(s->m, claim))
			continue;
		if (!aspect)
			fprintf(s->out, "\nStreams (connection-oriented) and datagrams (connectionless): what is "
					"taught, and what was measured\n");
		if (!aspect || strcmp(aspect, claim->aspect) != 0) {
			aspect = claim->aspect;
			ink(s, BOLD);
			fprintf(s->out, "%s\n", aspect);
			ink(s, PLAIN);
		}
		claim_print(s, claim);
	}
	differences_print(s);
}

int matrix_print_tty(FILE *out, const struct matrix *m, bool color, bool evidence)
{
	const struct sheet s = { .out = out, .m = m, .color = color };
	bool first = true;

	for (size_t from = 0; from < n_guarantees;) {
		size_t to = from;

		while (to < n_guarantees && strcmp(guarantee_table[to].group, guarantee_table[from].group) == 0)
			to++;
		if (group_measured(m, from, to)) {
			fprintf(out, "%s", first ? "" : "\n");
			ink(&s, BOLD);
			fprintf(out, "%s", guarantee_table[from].group);
			ink(&s, PLAIN);
			fputc('\n', out);
			for (size_t g = from; g < to; g++)
				if (column_width(m, guarantee_table[g].name))
					fprintf(out, "  %-26s %s\n", guarantee_table[g].name,
						guarantee_table[g].question);
			group_print(&s, from, to);
			first = false;
		}
		from = to;
	}
	if (evidence)
		evidence_print(&s);
	unknown_print(&s);
	comparison_print(&s);
	fprintf(out, "\n%zu cells measured on %s, %zu unknown\n", m->n, m->kernel, matrix_unknown(m));
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}

int matrix_print_cell(FILE *out, const struct matrix_cell *c)
{
	const struct guarantee_info *g = guarantee_find(c->guarantee);

	fprintf(out, "%s, %s: %s\n", c->technique, c->guarantee, c->value);
	fprintf(out, "  question  ");
	wrap_print(out, 12, 12, g ? g->question : "");
	fprintf(out, "  measured  ");
	wrap_print(out, 12, 12, c->evidence);
	fprintf(out, "  scenario  %s\n", c->scenario);
	return fflush(out) || ferror(out) ? -(errno ? errno : EIO) : 0;
}
