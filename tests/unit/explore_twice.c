/* SPDX-License-Identifier: MIT */
/* What a child that fails prints of its parent's. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/base/banned.h"

static void output_set(struct output *o, const char *text)
{
	o->length = o->kept = (uint32_t)strlen(text);
	text_copy(o->text, sizeof(o->text), text);
}

static enum symptom seen(const char *process, const char *before, const char *now, enum steadiness how)
{
	struct role_outcome *base = mem_new(sizeof(*base)), *r = mem_new(sizeof(*r));
	struct candidate c = { .grade = GRADE_DISRUPTIVE };
	struct trial t = { .result = RESULT_HANDLED };
	enum symptom symptom;

	text_copy(c.process, sizeof(c.process), process);
	text_copy(r->name, sizeof(r->name), "main");
	output_set(&base->out, before);
	output_set(&r->out, now);
	symptom = judge_twice(&c, r, base, how, &t);
	free(base);
	free(r);
	return symptom;
}

/* Whoever fails may have said less; never the beginning twice, if it was not so before. */
Test(twice, a_child_that_fails_prints_nothing_of_its_parents)
{
	cr_expect_eq(seen("main.1", "one\ntwo\n", "one\none\ntwo\n", STEADY), SYMPTOM_WRONG_OUTPUT);
	cr_expect_eq(seen("main.1", "one\ntwo\n", "one\ntwo\none\ntwo\n", STEADY), SYMPTOM_WRONG_OUTPUT);
	cr_expect_eq(seen("main.1", "one\ntwo\n", "one\nthree\none\n", STEADY), SYMPTOM_NONE);
	cr_expect_eq(seen("main.1", "one\ntwo\n", "one\n", STEADY), SYMPTOM_NONE);
	cr_expect_eq(seen("main.1", "one\ntwo\n", "one\none\n", STEADY_LINES), SYMPTOM_NONE, "nor in the same order");
	cr_expect_eq(seen("main.1", "one\none\ntwo\n", "one\none\n", STEADY), SYMPTOM_NONE, "it was twice before");
	cr_expect_eq(seen("main", "one\ntwo\n", "one\none\ntwo\n", STEADY), SYMPTOM_NONE, "it has struck no child");
}
