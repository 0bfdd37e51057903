/* SPDX-License-Identifier: MIT */
/* The place of a call is told by its own line, however the compiler has moved it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

enum { AROUND = 1, ONCE, TWICE, EITHER, ONE_OF, BY_POINTER };

/* The line of tails.c that has this comment. */
static int line_of(const char *comment)
{
	char path[1024], line[256], wanted[64];
	int n = 0, found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/programs/tails.c", getenv("SOURCE_DIR"));
	snprintf(wanted, sizeof(wanted), "/* %s */", comment);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	while (!found && fgets(line, sizeof(line), f)) {
		n++;
		found = strstr(line, wanted) ? n : 0;
	}
	fclose(f);
	cr_assert(found, "no %s", comment);
	return found;
}

/* Where the nth read of the program is said to be. */
static void place_is(const char *program, int nth, const char *place)
{
	char yaml[512];
	struct sabot_run r;

	snprintf(yaml, sizeof(yaml), HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/%s]\n    driver: true\n"
		"faults:\n  - {in: main, at: read, nth: %d, do: {delay: 1us}}\n", program, nth);
	r = run_text(yaml, "-v");
	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	SAYS(r.out, place);
	sabot_run_fini(&r);
}

static void line_is(const char *program, int nth, const char *function)
{
	char place[128];

	snprintf(place, sizeof(place), ", tails.c:%d (%s)", line_of(function), function);
	place_is(program, nth, place);
}

static const char *const with_lines[] = { "tails", "tails_lto", "tails_fortified" };
#define EACH(program) for (size_t i = 0; i < sizeof(with_lines) / sizeof(*with_lines) && (program = with_lines[i]); i++)

Test(sites, what_was_compiled_into_its_caller_has_its_own_line)
{
	const char *program;

	EACH(program)
		line_is(program, AROUND, "inlined");
}

/* The call returns to main(), which has not made it. */
Test(sites, a_jump_has_its_own_line)
{
	const char *program;

	EACH(program)
		line_is(program, ONCE, "once");
}

Test(sites, a_jump_after_a_jump_has_its_own_line)
{
	const char *program;

	EACH(program)
		line_is(program, TWICE, "once");
}

Test(sites, of_jumps_to_several_calls_it_is_the_one_of_this_call)
{
	const char *program;

	EACH(program)
		line_is(program, ONE_OF, "one_of");
}

Test(sites, a_jump_that_may_be_one_of_two_is_told_as_that)
{
	char place[128];
	const char *program;

	snprintf(place, sizeof(place), ", either, its last call, from tails.c:%d (main)", line_of("calls either"));
	EACH(program)
		place_is(program, EITHER, place);
}

Test(sites, what_is_called_by_a_pointer_is_told_as_that)
{
	char place[128];
	const char *program;

	snprintf(place, sizeof(place), ", tails.c:%d (main), by pointer", line_of("main"));
	EACH(program)
		place_is(program, BY_POINTER, place);
}

/* Function and offset; the jump by the function that it is in. */
Test(sites, without_debug_information)
{
	place_is("tails_bare", AROUND, ", around+0x");
	place_is("tails_bare", ONCE, ", once, its last call, from main+0x");
	place_is("tails_bare", TWICE, ", twice, its last call, from main+0x");
}

/* Many names may lead to one file, as those of busybox do: the one that the role was started by is told. */
Test(sites, a_program_is_called_as_it_was_started)
{
	char *directory = test_directory(), *program = test_program("tails_stripped");
	char link[512], yaml[1024];
	struct sabot_run r;

	snprintf(link, sizeof(link), "%s/tailor", directory);
	cr_assert_eq(symlink(program, link), 0);
	snprintf(yaml, sizeof(yaml), HEADER "roles:\n  main:\n    run: [%s]\n    driver: true\n"
		"faults:\n  - {in: main, at: read, nth: 1, do: {delay: 1us}}\n", link);
	r = run_text(yaml, "-v");
	SAYS(r.out, ", tailor+0x");
	sabot_run_fini(&r);
	*strstr(yaml, "faults:") = '\0';
	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--inject", "delay", NULL });
	SAYS(r.out, "\n  tailor+0x");
	sabot_run_fini(&r);
	test_directory_remove(directory);
	free(program);
}
