/* SPDX-License-Identifier: MIT */
/* The properties against tests/golden/check: one file for each, one history a line (tests/support/text_history.h). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/property.h"
#include "tests/support/text_history.h"
#include "core/base/banned.h"

enum { LEAST_HOLDS = 3, LEAST_VIOLATED = 2 };

struct tally {
	unsigned n[4];		/* by verdict */
	unsigned wrong;
};

static bool is_blank(const char *line)
{
	line += strspn(line, " \t\n");
	return !*line || *line == '#';
}

static bool has_evidence(const struct verdict *v, uint32_t event)
{
	for (uint32_t i = 0; i < v->n_evidence; i++)
		if (v->evidence[i] == event)
			return true;
	return false;
}

static bool is_as_told(const struct text_history *t, const struct verdict *v)
{
	if (v->value != t->verdict || !strstr(v->why, t->why))
		return false;
	for (uint32_t i = 0; i < t->n_evidence; i++)
		if (!has_evidence(v, t->evidence[i]))
			return false;
	return true;
}

static void line_check(
	const struct property *p, struct text_history *t, const char *file, unsigned line, struct tally *n)
{
	struct property_input in = { .history = &t->history, .outcome = &t->outcome, .scenario = &t->scenario,
		.baseline = t->has_baseline ? &t->baseline : NULL, .traits = t->traits };
	struct verdict first, second;

	property_check(p, &in, &first);
	property_check(p, &in, &second);
	n->n[first.value]++;
	if (!is_as_told(t, &first)) {
		fprintf(stderr, "%s:%u: %s \"%s\", evidence", file, line, verdict_names[first.value], first.why);
		for (uint32_t i = 0; i < first.n_evidence; i++)
			fprintf(stderr, " %u", first.evidence[i] + 1);
		fputc('\n', stderr);
		n->wrong++;
	}
	cr_expect(first.value == second.value && !strcmp(first.why, second.why), "%s:%u: not pure", file, line);
	cr_expect((first.value == VERDICT_HOLDS) == !first.why[0], "%s:%u: a sentence belongs to every other verdict",
		file, line);
}

static void file_check(const struct property *p, struct text_history *t, struct tally *n)
{
	char *path = mem_printf("%s/tests/golden/check/%s.txt", TEST_SOURCE_DIR, p->name);
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0;

	cr_assert(f, "no histories for %s: %s", p->name, path);
	while (getline(&line, &room, f) > 0) {
		const char *wrong;

		number++;
		if (is_blank(line))
			continue;
		wrong = text_history_parse(t, line);
		cr_assert(!wrong, "%s:%u: %s", path, number, wrong);
		cr_expect_str_eq(t->property, p->name, "%s:%u: a line for another property", path, number);
		line_check(p, t, path, number, n);
		text_history_fini(t);
	}
	free(line);
	free(path);
	fclose(f);
}

Test(check, every_property_keeps_to_its_histories)
{
	struct text_history *t = mem_new(sizeof(*t));

	for (size_t i = 0; i < n_properties; i++) {
		const struct property *p = property_table[i];
		struct tally n = { .wrong = 0 };

		file_check(p, t, &n);
		cr_expect(n.wrong == 0, "%s: %u histories got another verdict", p->name, n.wrong);
		if (p->unavailable)
			continue;
		cr_expect(n.n[VERDICT_HOLDS] >= LEAST_HOLDS, "%s: only %u histories that hold", p->name,
			n.n[VERDICT_HOLDS]);
		cr_expect(n.n[VERDICT_VIOLATED] >= LEAST_VIOLATED, "%s: only %u that violate it", p->name,
			n.n[VERDICT_VIOLATED]);
	}
	free(t);
}

Test(check, the_table_is_complete)
{
	cr_assert(n_properties >= 23);
	for (size_t i = 0; i < n_properties; i++) {
		const struct property *p = property_table[i];

		cr_expect(property_find(p->name) == p, "%s: twice in the table", p->name);
		cr_expect(p->summary && *p->summary && p->about && *p->about, "%s: no summary", p->name);
		cr_expect(!p->check == !!p->unavailable, "%s: has a check if and only if it is available", p->name);
	}
	cr_expect_null(property_find("no-such-property"));
}

Test(check, the_first_sentence_stays)
{
	struct verdict v = { .value = VERDICT_HOLDS };

	verdict_set(&v, VERDICT_VIOLATED, "%s", "first");
	verdict_set(&v, VERDICT_UNKNOWN, "%s", "second");
	cr_expect(v.value == VERDICT_VIOLATED);
	cr_expect_str_eq(v.why, "first");
	for (size_t i = 0; i < VERDICT_EVIDENCE + 5; i++)
		verdict_evidence(&v, i);
	cr_expect(v.n_evidence == VERDICT_EVIDENCE);
}
