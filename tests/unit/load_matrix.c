/* SPDX-License-Identifier: MIT */
/* `matrix:` and ${…}. */
#include "tests/unit/load_text.h"

#include <stdlib.h>

#include "core/base/banned.h"

Test(load_matrix, every_combination_is_a_scenario)
{
	struct loaded l = text_load_valid("sabot: 1\ntitle: \"size ${size}\"\ntechnique: unix-stream\n"
					  "matrix: {design: [select, poll], size: [1, 64KiB, 8]}\n"
					  "server: {design: \"${design}\"}\nworkload: {size: \"${size}\"}\n");

	cr_assert_eq(l.list.n, 6);
	cr_expect(strstr(l.list.items[0]->name, "[design=select,size=1]"), "%s", l.list.items[0]->name);
	cr_expect(strstr(l.list.items[5]->name, "[design=poll,size=8]"), "%s", l.list.items[5]->name);
	cr_expect_str_eq(l.list.items[1]->title, "size 64KiB");
	cr_expect_eq(l.list.items[1]->reference.workload.size_max, 65536);
	cr_expect_str_eq(l.list.items[3]->reference.server_design, "poll");
	loaded_fini(&l);
}

Test(load_matrix, a_value_keeps_its_type)
{
	struct loaded l =
		text_load_valid(ROLES "matrix: {n: [2, 3], on: [true]}\nrepeat: \"${n}\"\n"
				      "faults:\n  - {in: server, at: receive, always: \"${on}\", do: interrupt}\n");

	cr_assert_eq(l.list.n, 2);
	cr_expect_eq(l.list.items[1]->repeat, 3);
	cr_expect_eq(l.list.items[1]->faults[0].trigger, TRIG_ALWAYS);
	loaded_fini(&l);
	text_load_refused(ROLES "matrix: {n: [\"2\"]}\nrepeat: \"${n}\"\n", "a number has no quotes");
}

Test(load_matrix, inside_a_text)
{
	struct loaded l = text_load_valid(ROLES "matrix: {n: [2, 30]}\ntimeout: ${n}ms\n"
						"faults:\n  - {in: server, at: receive, do: {delay: \"1${n}us\"}}\n");

	cr_assert_eq(l.list.n, 2);
	cr_expect_eq(l.list.items[0]->timeout_ns, 2000000);
	cr_expect_eq(l.list.items[1]->faults[0].value, 130000);
	cr_expect_str_eq(l.list.items[1]->fault_texts[0], "delay: 130us");
	loaded_fini(&l);
}

Test(load_matrix, what_is_of_the_run_stays)
{
	struct loaded l =
		text_load_valid(HEAD "roles:\n  a: {run: [./a, \"${TMP}/x\", \"${PORT}\", \"${ID}-${KEY}\"]}\n");

	cr_expect_str_eq(l.list.items[0]->roles[0].run[1], "${TMP}/x");
	cr_expect_str_eq(l.list.items[0]->roles[0].run[2], "${PORT}");
	cr_expect_str_eq(l.list.items[0]->roles[0].run[3], "${ID}-${KEY}");
	loaded_fini(&l);
}

Test(load_matrix, the_environment)
{
	struct loaded l;

	setenv("SABOT_TEST_WORD", "word", 1);
	l = text_load_valid(HEAD "roles:\n  a: {run: [./a, \"${SABOT_TEST_WORD}/x$y${\"]}\n");
	cr_expect_str_eq(l.list.items[0]->roles[0].run[1], "word/x$y${");
	loaded_fini(&l);
	unsetenv("SABOT_TEST_WORD");
	text_load_refused(HEAD "roles:\n  a: {run: [./a, \"${SABOT_TEST_WORD}/x\"]}\n", "SABOT_TEST_WORD");
}

Test(load_matrix, an_error_of_all_combinations_is_told_once)
{
	struct loaded l = text_load(ROLES "matrix: {n: [1, 2, 3]}\nrepeat: \"${n}\"\ntimeout: 5\n");
	const char *first = strstr(str_get(&l.errors), "wants a duration");

	cr_assert_eq(l.result, 1);
	cr_assert(first);
	cr_expect_null(strstr(first + 1, "wants a duration"));
	loaded_fini(&l);
}

Test(load_matrix, the_reference_program_has_a_name)
{
	struct loaded l;

	unsetenv("SABOT_REF");
	l = text_load_valid(HEAD "roles:\n  a: {run: [\"${SABOT_REF}\", probe]}\n");
	cr_expect_str_eq(l.list.items[0]->roles[0].run[0], "/usr/bin/sabot-ref");
	loaded_fini(&l);
	setenv("SABOT_REF", "/else/where", 1);
	l = text_load_valid(HEAD "roles:\n  a: {run: [\"${SABOT_REF}\", probe]}\n");
	cr_expect_str_eq(l.list.items[0]->roles[0].run[0], "/else/where");
	loaded_fini(&l);
}
