/* SPDX-License-Identifier: MIT */
#include "tests/support/mutant.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "tests/support/ref_run.h"
#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

static const char *techniques_of(const struct mutant *m)
{
	const struct mistake_info *info = mistake_find(m->mistake);

	cr_assert_not_null(info, "there is no mistake \"%s\"", m->mistake);
	return m->techniques ? m->techniques : info->techniques;
}

static size_t rows_of_technique(size_t plan, const struct mutant *m, const char *technique, struct mutant_row *rows,
	size_t n, size_t most)
{
	const struct technique_info *t = technique_find(technique);
	const char *designs = m->designs ? m->designs : t ? t->designs : "";
	char design[32] = "";

	for (size_t i = 0; n < most && (ref_word(designs, i, design) || i == 0); i++) {
		rows[n].plan = plan;
		text_copy(rows[n].technique, sizeof(rows[n].technique), technique);
		text_copy(rows[n].design, sizeof(rows[n].design), design);
		n++;
		if (!*designs)
			break;
	}
	return n;
}

size_t mutant_rows(const struct mutant *plans, size_t n_plans, struct mutant_row *rows, size_t most)
{
	char technique[32];
	size_t n = 0;

	for (size_t i = 0; i < n_plans; i++)
		for (size_t k = 0; ref_word(techniques_of(&plans[i]), k, technique); k++)
			n = rows_of_technique(i, &plans[i], technique, rows, n, most);
	return n;
}

bool mutant_planned(const struct mutant *plans, size_t n_plans, const struct mistake_info *m, const char *technique)
{
	for (size_t i = 0; i < n_plans; i++)
		if (strcmp(plans[i].mistake, m->name) == 0 && words_have(techniques_of(&plans[i]), technique))
			return true;
	return false;
}

/* Text with every @ replaced by the technique. */
static void add_for(struct str *s, const char *text, const char *technique)
{
	for (; *text; text++) {
		if (*text == '@')
			str_add(s, technique);
		else
			str_add_bytes(s, text, 1);
	}
}

static void key_add(struct str *s, bool *open, const char *side, const char *key, const char *value)
{
	str_addf(s, "%s%s: %s", *open ? ", " : side, key, value);
	*open = true;
}

/* "server: {design: poll, mistakes: [short-read]}", or nothing if there is nothing to say. */
static void side_add(struct str *s, const struct mutant *m, const char *side, bool careful, const char *key,
	const char *value)
{
	const char *makes = m->side ? m->side : mistake_find(m->mistake)->side;
	bool mistaken = !careful && (strcmp(makes, "both") == 0 || strcmp(makes, side) == 0), open = false;
	char *start = mem_printf("%s: {", side), *list = mem_printf("[%s]", m->mistake);

	if (key)
		key_add(s, &open, start, key, value);
	if (m->restart && strcmp(side, "server") == 0)
		key_add(s, &open, start, "restart", "true");
	if (mistaken)
		key_add(s, &open, start, "mistakes", list);
	if (open)
		str_add(s, "}\n");
	free(start);
	free(list);
}

static char *scenario_make(const struct mutant *m, const struct mutant_row *row, bool careful)
{
	const char *faults = careful && m->care_faults ? m->care_faults : m->faults;
	const struct mistake_info *info = mistake_find(m->mistake);
	struct str s = STR_NONE;
	char count[16];

	str_addf(&s, "sabot: 1\ntitle: %s %s\ntechnique: %s\nrealism: %s\nworkload: %s\n", m->mistake,
		careful ? "avoided" : "made", row->technique, m->realism ? m->realism : "linux", m->workload);
	side_add(&s, m, "server", careful, *row->design ? "design" : NULL, row->design);
	snprintf(count, sizeof(count), "%u", m->n_clients ? m->n_clients : 1);
	side_add(&s, m, "client", careful, "count", count);
	str_add(&s, "timeout: 20s\n");
	if (faults) {
		str_add(&s, "faults:\n");
		add_for(&s, faults, row->technique);
	}
	if (!careful)
		str_addf(&s, "expect:\n  %s: violated\n", m->caught_by ? m->caught_by : info->caught_by);
	else if (m->care_expect)
		str_addf(&s, "expect:\n%s", m->care_expect);
	return str_take(&s);
}

static void version_run(const struct mutant *m, const struct mutant_row *row, bool careful)
{
	char *directory = test_directory(), *scenario = scenario_make(m, row, careful);
	struct sabot_run r;

	test_file(directory, "mutant.yaml", scenario);
	r = sabot_run(directory, NULL, (const char *const[]){ "run", "mutant.yaml", "--no-color", NULL });
	cr_expect_eq(r.code, 0, "%s %s, %s %s: exit code %d\n%s\n%s\n%s", m->mistake, careful ? "avoided" : "made",
		row->technique, row->design, r.code, scenario, r.out, r.err);
	sabot_run_fini(&r);
	free(scenario);
	test_directory_remove(directory);
}

void mutant_run(const struct mutant *plans, const struct mutant_row *row)
{
	version_run(&plans[row->plan], row, false);
	version_run(&plans[row->plan], row, true);
}
