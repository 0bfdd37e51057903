/* SPDX-License-Identifier: MIT */
#include "core/explore/merge.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/base/str.h"
#include "core/explore/internal.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(text_of(a, key), text_of(b, key)) == 0;
}

static bool alike(const json_t *a, const json_t *b)
{
	char ka[LABEL], kb[LABEL];

	label_lesson(text_of(a, "do"), ka, sizeof(ka));
	label_lesson(text_of(b, "do"), kb, sizeof(kb));
	return same_text(a, b, "site") && same_text(a, b, "call") && same_text(a, b, "symptom") && strcmp(ka, kb) == 0;
}

static json_int_t nth_of(const json_t *finding)
{
	return json_integer_value(json_object_get(finding, "nth"));
}

/* Of two alike the earlier one stands for both, as in one exploration. */
static void findings_join(json_t *all, const json_t *part)
{
	size_t i, k;
	json_t *finding, *known;

	json_array_foreach(part, i, finding) {
		bool found = false;

		json_array_foreach(all, k, known) {
			if (!alike(known, finding))
				continue;
			found = true;
			if (nth_of(finding) < nth_of(known))
				json_array_set_new(all, k, json_deep_copy(finding));
			break;
		}
		if (!found)
			json_array_append_new(all, json_deep_copy(finding));
	}
}

static int by_text(const json_t *a, const json_t *b, const char *key)
{
	return strcmp(text_of(a, key), text_of(b, key));
}

/* "server.c:9" comes before "server.c:57". */
static int by_place(const void *x, const void *y)
{
	const json_t *a = *(json_t *const *)x, *b = *(json_t *const *)y;
	const char *sa = text_of(a, "site"), *sb = text_of(b, "site");
	size_t na = strcspn(sa, ":"), nb = strcspn(sb, ":");
	int order = strncmp(sa, sb, na > nb ? na : nb);

	if (!order && na == nb && sa[na] && sb[nb])
		order = (int)strtol(sa + na + 1, NULL, 10) - (int)strtol(sb + nb + 1, NULL, 10);
	order = order ? order : by_text(a, b, "call");
	order = order ? order : nth_of(a) < nth_of(b) ? -1 : nth_of(a) > nth_of(b);
	return order ? order : by_text(a, b, "do");
}

static void findings_sort(json_t *all)
{
	size_t n = json_array_size(all);
	json_t **items = mem_new((n + 1) * sizeof(*items));

	for (size_t i = 0; i < n; i++)
		items[i] = json_incref(json_array_get(all, i));
	qsort(items, n, sizeof(*items), by_place);
	json_array_clear(all);
	for (size_t i = 0; i < n; i++) {
		json_object_set_new(items[i], "id", json_integer((json_int_t)i + 1));
		json_array_append_new(all, items[i]);
	}
	free(items);
}

static int strength(const char *word)
{
	for (int i = 0; i < N_COVERAGE; i++)
		if (strcmp(word, coverage_names[i]) == 0)
			return i;
	return 0;
}

static void faults_join(json_t *all, json_t *part)
{
	const char *kind;
	json_t *state;

	json_object_foreach(part, kind, state) {
		const char *known = json_string_value(json_object_get(all, kind));

		if (!known || strength(json_string_value(state) ? json_string_value(state) : "") > strength(known))
			json_object_set(all, kind, state);
	}
}

static void coverage_join(json_t *all, const json_t *part)
{
	size_t i, k;
	json_t *row, *known;

	json_array_foreach(part, i, row) {
		bool found = false;

		json_array_foreach(all, k, known) {
			if (!same_text(known, row, "site") || !same_text(known, row, "call"))
				continue;
			faults_join(json_object_get(known, "faults"), json_object_get(row, "faults"));
			found = true;
		}
		if (!found)
			json_array_append_new(all, json_deep_copy(row));
	}
}

static void add_number(json_t *sum, const json_t *part, const char *key)
{
	json_object_set_new(sum, key, json_integer(json_integer_value(json_object_get(sum, key)) +
		json_integer_value(json_object_get(part, key))));
}

static void join(json_t *sum, const json_t *part)
{
	add_number(sum, part, "runs");
	add_number(sum, part, "unreproduced");
	if (json_integer_value(json_object_get(part, "positions")) >
		json_integer_value(json_object_get(sum, "positions")))
		json_object_set(sum, "positions", json_object_get(part, "positions"));
	if (json_integer_value(json_object_get(part, "skipped_infeasible")) >
		json_integer_value(json_object_get(sum, "skipped_infeasible")))
		json_object_set(sum, "skipped_infeasible", json_object_get(part, "skipped_infeasible"));
	json_object_set_new(sum, "runs_per_second",
		json_real(json_number_value(json_object_get(sum, "runs_per_second")) +
			  json_number_value(json_object_get(part, "runs_per_second"))));
	findings_join(json_object_get(sum, "findings"), json_object_get(part, "findings"));
	coverage_join(json_object_get(sum, "coverage"), json_object_get(part, "coverage"));
}

static json_t *part_load(const char *path, char *why, size_t size)
{
	json_error_t error;
	json_t *part = json_load_file(path, 0, &error);

	if (!part) {
		if (error.line > 0)
			snprintf(why, size, "%s:%d:%d: %s", path, error.line, error.column, error.text);
		else
			snprintf(why, size, "%s", error.text);
		return NULL;
	}
	if (!json_is_array(json_object_get(part, "findings")) || !json_is_array(json_object_get(part, "coverage"))) {
		snprintf(why, size, "%s: not a report of sabot explore (make one with --report json:FILE)", path);
		json_decref(part);
		return NULL;
	}
	return part;
}

static int verdict(const json_t *sum)
{
	size_t i;
	json_t *finding;

	if (json_is_false(json_object_get(sum, "baseline_sound")))
		return EXIT_NOT_AS_EXPECTED;
	json_array_foreach(json_object_get(sum, "findings"), i, finding)
		if (strcmp(text_of(finding, "symptom"), symptom_names[SYMPTOM_AMPLIFIED]) != 0)
			return EXIT_NOT_AS_EXPECTED;
	return 0;
}

int explore_merge(const char *const *paths, size_t n, FILE *out, char *why, size_t size)
{
	json_t *sum = NULL;
	int status = 0;

	for (size_t i = 0; i < n && !status; i++) {
		json_t *part = part_load(paths[i], why, size);

		if (!part)
			status = EXIT_USAGE;
		else if (!sum)
			sum = json_deep_copy(part);
		else if (!same_text(sum, part, "file")) {
			snprintf(why, size, "%s: explores %s, the first file %s", paths[i], text_of(part, "file"),
				 text_of(sum, "file"));
			status = EXIT_USAGE;
		} else {
			join(sum, part);
		}
		json_decref(part);
	}
	if (!status)
		findings_sort(json_object_get(sum, "findings"));
	if (!status && (json_dumpf(sum, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) || fputc('\n', out) == EOF)) {
		snprintf(why, size, "the sum cannot be written");
		status = EXIT_HARNESS;
	}
	if (!status)
		status = verdict(sum);
	json_decref(sum);
	return status;
}
