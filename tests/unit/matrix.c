/* SPDX-License-Identifier: MIT */
/* The words of the matrix, its table, its JSON and Markdown, and what is taught beside what was measured. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/guarantee.h"
#include "core/model/technique.h"
#include "core/report/matrix.h"
#include "core/base/banned.h"

/* --- words ---------------------------------------------------------------------------------------------------- */

static bool allows(const char *guarantee, const char *value)
{
	const struct guarantee_info *g = guarantee_find(guarantee);

	cr_assert(g, "no guarantee %s", guarantee);
	return guarantee_allows(g, value);
}

Test(matrix, every_guarantee_is_found_by_its_name)
{
	cr_assert_eq(n_guarantees, 30);
	for (size_t i = 0; i < n_guarantees; i++) {
		cr_expect_eq(guarantee_find(guarantee_table[i].name), &guarantee_table[i]);
		cr_expect(allows(guarantee_table[i].name, "n/a"));
		cr_expect(allows(guarantee_table[i].name, "unknown"));
		cr_expect(!allows(guarantee_table[i].name, ""));
		cr_expect(!allows(guarantee_table[i].name, "maybe"));
	}
	cr_expect_null(guarantee_find("fif"));
}

Test(matrix, words_are_matched_whole)
{
	cr_expect(allows("full-blocking", "coalesces"));
	cr_expect(allows("full-blocking", "coalesces-then-EAGAIN"));
	cr_expect(!allows("full-blocking", "coalesces-then"));
	cr_expect(!allows("full-blocking", "blocks EAGAIN"));
	cr_expect(allows("eintr-restart", "untimed-restarted,timed-EINTR"));
	cr_expect(allows("backlog-full", "EAGAIN/blocks"));
	cr_expect(!allows("backlog-full", "EAGAIN"));
	cr_expect(allows("global-order", "per-connection"));
	cr_expect(!allows("fifo", "per-connection"));
}

Test(matrix, numbers_and_errors_stand_for_themselves)
{
	cr_expect(allows("max-message", "65507"));
	cr_expect(!allows("max-message", "065507"));
	cr_expect(!allows("max-message", "65507x"));
	cr_expect(!allows("max-message", "-1"));
	cr_expect(allows("atomic-write", "PIPE_BUF=4096"));
	cr_expect(!allows("atomic-write", "PIPE_BUF="));
	cr_expect(allows("atomic-write", "aligned-8-bytes"));
	cr_expect(allows("short-buffer", "E2BIG-kept"));
	cr_expect(!allows("short-buffer", "-kept"));
	cr_expect(!allows("short-buffer", "e2big-kept"));
	cr_expect(allows("peer-death-writer", "first-send-ok-then-EPIPE+SIGPIPE"));
	cr_expect(allows("peer-death-writer", "first-send-ok-then-ECONNREFUSED"));
	cr_expect(!allows("peer-death-writer", "first-send-ok-then-"));
	cr_expect(!allows("peer-death-writer", "first-send-ok-then-…"));
}

/* --- the table ------------------------------------------------------------------------------------------------ */

/* A printed form as text; the caller frees it. */
static char *printed(const struct matrix *m, int (*print)(FILE *out, const struct matrix *m))
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(print(out, m), 0);
	fclose(out);
	return text;
}

static int print_plain(FILE *out, const struct matrix *m)
{
	return matrix_print_tty(out, m, false, true);
}

/* Bytes that are not the rest of a character. */
static size_t columns(const char *line, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)line[i] & 0xc0) != 0x80;
	return count;
}

static void expect_narrow(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		cr_expect(columns(text, n) <= MATRIX_COLUMNS, "%zu columns: %.*s", columns(text, n), (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* Every cell full with the longest word that may stand in it. */
static struct matrix full_matrix(void)
{
	struct matrix m = { .kernel = "Linux 6.1.0" };

	for (size_t g = 0; g < n_guarantees; g++) {
		char longest[64] = "";

		for (const char *word = guarantee_table[g].values; *word;) {
			size_t n = strcspn(word, " ");

			if (n > strlen(longest) && n < sizeof(longest))
				text_copy(longest, n + 1, word);
			word += n + strspn(word + n, " ");
		}
		for (size_t t = 0; t < n_techniques; t++)
			matrix_add(&m, technique_table[t].name, guarantee_table[g].name, longest,
				"a sentence with measured facts, long enough that no terminal can show it in one line, "
				"and then some more of them | with a bar",
				"x.yaml");
	}
	return m;
}

Test(matrix, the_table_fits_whatever_stands_in_it)
{
	struct matrix m = full_matrix();
	char *text = printed(&m, print_plain);

	expect_narrow(text);
	for (size_t g = 0; g < n_guarantees; g++) {
		cr_expect(strstr(text, guarantee_table[g].name), "%s", guarantee_table[g].name);
		cr_expect(strstr(text, guarantee_table[g].question), "%s", guarantee_table[g].question);
	}
	free(text);
	matrix_fini(&m);
	matrix_fini(&m);
}

Test(matrix, only_what_was_measured_is_shown)
{
	struct matrix m = { .kernel = "Linux 6.1.0" };
	char *text;

	matrix_add(&m, "udp", "fifo", "observed-not-guaranteed", "10 in order", "s");
	matrix_add(&m, "tcp", "fifo", "unknown", "no network here", "s");
	text = printed(&m, print_plain);
	cr_expect(strstr(text, "\nudp  observed-not-guaranteed\n"), "%s", text);
	cr_expect(strstr(text, "Unknown:\n    tcp, fifo: no network here\n"), "%s", text);
	cr_expect(strstr(text, "2 cells measured on Linux 6.1.0, 1 unknown\n"));
	cr_expect_null(strstr(text, "pipe"));
	cr_expect_null(strstr(text, "congestion"));
	free(text);
	matrix_fini(&m);
}

Test(matrix, the_last_answer_counts)
{
	struct matrix m = MATRIX_NONE;

	matrix_add(&m, "udp", "fifo", "unknown", "", "s");
	matrix_add(&m, "udp", "fifo", "no", "", "s");
	cr_expect_str_eq(matrix_find(&m, "udp", "fifo")->value, "no");
	cr_expect_null(matrix_find(&m, "tcp", "fifo"));
	cr_expect_eq(matrix_unknown(&m), 1);
	matrix_fini(&m);
}

/* --- what is taught ------------------------------------------------------------------------------------------- */

Test(matrix, claims_ask_for_words_of_the_table)
{
	for (size_t i = 0; i < n_matrix_claims; i++) {
		const struct matrix_claim *c = &matrix_claims[i];
		const struct guarantee_info *g = guarantee_find(c->guarantee);
		char word[64];

		cr_assert(g, "%s", c->guarantee);
		for (const char *at = c->agree; *at;) {
			size_t n = strcspn(at, " ");

			text_copy(word, n + 1, at);
			cr_expect(strcmp(word, "#") == 0 || guarantee_allows(g, word), "%s of %s", word, g->name);
			at += n + strspn(at + n, " ");
		}
		for (const char *const *t = matrix_claim_techniques(c); *t; t++)
			cr_expect(technique_find(*t), "%s", *t);
	}
}

Test(matrix, what_differs_from_the_claim_is_said)
{
	struct matrix m = { .kernel = "Linux 6.1.0" };
	char *text;

	matrix_add(&m, "udp", "full-blocking", "drops-silently", "half of them came", "s");
	matrix_add(&m, "unix-dgram", "full-blocking", "blocks", "the 12th waited", "s");
	text = printed(&m, print_plain);
	cr_expect(strstr(text, "unix-dgram, congestion: taught"), "%s", text);
	cr_expect(strstr(text, "measured: blocks\n"));
	cr_expect_null(strstr(text, "udp, congestion: taught"));
	free(text);
	matrix_fini(&m);
}

/* --- files ---------------------------------------------------------------------------------------------------- */

Test(matrix, json_has_every_cell)
{
	struct matrix m = full_matrix();
	char *text = printed(&m, matrix_print_json);
	json_t *root = json_loads(text, 0, NULL), *cells;
	const char *kernel, *value;
	int version;

	cr_assert(root);
	cr_assert_eq(json_unpack(root, "{s:i, s:s, s:o}", "sabot", &version, "kernel", &kernel, "cells", &cells), 0);
	cr_expect_eq(version, 1);
	cr_expect_str_eq(kernel, "Linux 6.1.0");
	cr_expect_eq(json_array_size(cells), m.n);
	for (size_t i = 0; i < m.n; i++) {
		const char *technique, *guarantee, *evidence, *scenario;

		cr_assert_eq(
			json_unpack(json_array_get(cells, i), "{s:s, s:s, s:s, s:s, s:s}", "technique", &technique,
				"guarantee", &guarantee, "value", &value, "evidence", &evidence, "scenario", &scenario),
			0);
		cr_expect_str_eq(value, matrix_find(&m, technique, guarantee)->value);
	}
	json_decref(root);
	free(text);
	matrix_fini(&m);
}

Test(matrix, markdown_rows_have_one_cell_a_technique)
{
	struct matrix m = full_matrix();
	char *text = printed(&m, matrix_print_markdown), *row = strstr(text, "| **fifo** |");
	size_t bars = 0;

	cr_assert(row);
	for (; *row != '\n'; row++)
		bars += *row == '|' && row[-1] != '\\';
	cr_expect_eq(bars, n_techniques + 2);
	cr_expect(strstr(text, "with a bar"));
	free(text);
	matrix_fini(&m);
}
