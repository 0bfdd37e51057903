/* SPDX-License-Identifier: MIT */
/* The command line: what is right, what is wrong, and where it is said. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

enum { WORDS = 8 };

/* A command line, its exit code, and what must be in its output or on its stderr ("" nothing in particular). */
struct line {
	const char *words[WORDS];
	int code;
	const char *out, *err;
};

static const struct line lines[] = {
	{ { NULL }, EXIT_USAGE, "", "Usage: sabot COMMAND" },
	{ { "--help" }, EXIT_AS_EXPECTED, "Usage: sabot COMMAND", "" },
	{ { "help" }, EXIT_AS_EXPECTED, "Usage: sabot COMMAND", "" },
	{ { "help", "check" }, EXIT_AS_EXPECTED, "Usage: sabot check", "" },
	{ { "help", "chekc" }, EXIT_USAGE, "", "unknown command" },
	{ { "--version" }, EXIT_AS_EXPECTED, "sabot 0.", "" },
	{ { "chek" }, EXIT_USAGE, "", "did you mean \"check\"?" },
	{ { "check", "--help" }, EXIT_AS_EXPECTED, "Example: sabot check", "" },
	{ { "check", "--fliter", "x" }, EXIT_USAGE, "", "did you mean --filter?" },
	{ { "check", "--seed", "3" }, EXIT_USAGE, "", "does not take --seed" },
	{ { "check", "--filter" }, EXIT_USAGE, "", "--filter wants an argument" },
	{ { "check", "--quiet=1" }, EXIT_USAGE, "", "--quiet takes no argument" },
	{ { "check", "missing.yaml" }, EXIT_USAGE, "", "missing.yaml:1:1: No such file" },
	{ { "check", "wrong.yaml" }, EXIT_USAGE, "",
		"wrong.yaml:3:12: unknown technique \"tpc\"\n    technique: tpc\n" },
	{ { "check", "fine.yaml" }, EXIT_AS_EXPECTED, "fine.yaml: fine: valid", "" },
	{ { "check", "-q", "fine.yaml" }, EXIT_AS_EXPECTED, "", "" },
	{ { "check", "fine.yaml", "wrong.yaml" }, EXIT_USAGE, "fine.yaml: fine: valid", "unknown technique" },
	{ { "check", "later.yaml" }, EXIT_SKIPPED, "not available yet: ", "" },
	{ { "check", "fine.yaml", "later.yaml" }, EXIT_AS_EXPECTED, "not available yet: ", "" },
	{ { "check", "--filter", "nobody", "fine.yaml" }, EXIT_USAGE, "", "no scenario has the tag \"nobody\"" },
	{ { "list" }, EXIT_AS_EXPECTED, "mistakes", "" },
	{ { "list", "mistakes" }, EXIT_AS_EXPECTED, "short-read", "" },
	{ { "list", "techniques" }, EXIT_AS_EXPECTED, "unix-stream", "" },
	{ { "list", "designs" }, EXIT_AS_EXPECTED, "iterative", "" },
	{ { "list", "faults" }, EXIT_AS_EXPECTED, "interrupt", "" },
	{ { "list", "calls" }, EXIT_AS_EXPECTED, "recvmsg", "" },
	{ { "list", "calls", "-v" }, EXIT_AS_EXPECTED, "__read_chk", "" },
	{ { "list", "properties" }, EXIT_AS_EXPECTED, "no-loss", "" },
	{ { "list", "reporters" }, EXIT_AS_EXPECTED, "json", "" },
	{ { "list", "scenarios", "fine.yaml" }, EXIT_AS_EXPECTED, "all is well", "" },
	{ { "list", "mistaks" }, EXIT_USAGE, "", "did you mean \"mistakes\"?" },
	{ { "schema" }, EXIT_AS_EXPECTED, "https://json-schema.org/draft/2020-12/schema", "" },
	{ { "schema", "fine.yaml" }, EXIT_USAGE, "", "too many operands" },
	{ { "run", "--report", "ttyy", "fine.yaml" }, EXIT_USAGE, "", "--report ttyy" },
	{ { "run", "--timeout", "5", "fine.yaml" }, EXIT_USAGE, "", "a duration needs a unit" },
	{ { "run", "-j", "0", "fine.yaml" }, EXIT_USAGE, "", "from 1 to 256" },
	{ { "run", "--backend", "seccomp", "fine.yaml" }, EXIT_SKIPPED, "", "not available yet" },
	{ { "run", "--under", "drd", "fine.yaml" }, EXIT_SKIPPED, "", "not available yet" },
	{ { "explore", "--under", "memcheck", "fine.yaml" }, EXIT_SKIPPED, "", "not available yet" },
	{ { "matrix", "--under", "memcheck" }, EXIT_SKIPPED, "", "not available yet" },
	{ { "matrix", "--seed", "x" }, EXIT_USAGE, "", "--seed x: wants a whole number" },
	{ { "explore", "--help" }, EXIT_AS_EXPECTED, "Example", "" },
	{ { "merge", "--help" }, EXIT_AS_EXPECTED, "Example", "" },
	{ { "merge", "fine.yaml" }, EXIT_USAGE, "", "fine.yaml:1:" },
	{ { "explore", "--depth", "3", "fine.yaml" }, EXIT_USAGE, "", "--depth 3: wants 1 or 2" },
	{ { "explore", "--shard", "3/2", "fine.yaml" }, EXIT_USAGE, "", "wants i/n with i from 1 to n" },
};

static char *directory_make(void)
{
	char *directory = test_directory();

	test_file(directory, "fine.yaml", "sabot: 1\ntitle: all is well\ntechnique: unix-stream\n");
	test_file(directory, "wrong.yaml", "sabot: 1\ntitle: x\ntechnique: tpc\n");
	test_file(directory, "later.yaml", "sabot: 1\ntitle: x\ntechnique: unix-stream\nunder: memcheck\n");
	return directory;
}

static void line_check(const char *directory, const struct line *l)
{
	struct str words = STR_NONE;
	struct sabot_run r;

	for (size_t i = 0; l->words[i]; i++)
		str_addf(&words, " %s", l->words[i]);
	r = sabot_run(directory, NULL, l->words);
	cr_expect_eq(r.code, l->code, "sabot%s: %d\n%s%s", str_get(&words), r.code, r.out, r.err);
	cr_expect(strstr(r.out, l->out), "sabot%s: \"%s\" is not in the output:\n%s", str_get(&words), l->out, r.out);
	cr_expect(strstr(r.err, l->err), "sabot%s: \"%s\" is not on stderr:\n%s", str_get(&words), l->err, r.err);
	if (l->code == EXIT_AS_EXPECTED)
		cr_expect_str_eq(r.err, "", "sabot%s: said on stderr:\n%s", str_get(&words), r.err);
	sabot_run_fini(&r);
	str_fini(&words);
}

Test(cli, lines)
{
	char *directory = directory_make();

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		line_check(directory, &lines[i]);
	test_directory_remove(directory);
}

/* The usage comes first; somewhere after it the command is called as one would. */
static void example_check(const char *name, const char *const *args)
{
	struct sabot_run r = sabot_run(NULL, NULL, args);
	char *call = mem_printf("sabot %s", name);
	const char *usage = strstr(r.out, call);

	cr_expect_eq(r.code, 0, "%s", name);
	cr_expect(usage && strstr(usage + 1, call), "%s --help shows no example:\n%s", name, r.out);
	free(call);
	sabot_run_fini(&r);
}

/* Every command has a help text with an example. */
Test(cli, every_command_shows_an_example)
{
	static const char *const all[] = { "--help", NULL };
	struct sabot_run overview = sabot_run(NULL, NULL, all);
	char *save = NULL, *list = strstr(overview.out, "Commands:\n");
	unsigned n = 0;

	cr_assert(list);
	for (char *p = strtok_r(list, "\n", &save); (p = strtok_r(NULL, "\n", &save)) && p[0] == ' '; n++) {
		char *name = mem_printf("%.*s", (int)strcspn(p + 2, " "), p + 2);
		const char *const args[] = { name, "--help", NULL };

		if (strcmp(name, "help") != 0)
			example_check(name, args);
		free(name);
	}
	cr_expect_geq(n, 8);
	sabot_run_fini(&overview);
}

/* `sabot schema > /dev/full` is no success. */
Test(cli, output_that_is_lost_is_no_success)
{
	static const char *const before[] = { "sh", "-c", "exec \"$@\" > /dev/full", "sh", NULL };
	static const char *const args[] = { "schema", NULL };
	struct sabot_run r = sabot_run(NULL, before, args);

	cr_expect_eq(r.code, EXIT_HARNESS);
	cr_expect(strstr(r.err, "could not be written"), "%s", r.err);
	sabot_run_fini(&r);
}

/* `sabot schema | head -1`: who has seen enough closes the pipe, and is told nothing. */
Test(cli, who_reads_may_have_seen_enough)
{
	char *directory = test_directory();
	static const char *const before[] = { "sh", "-c",
		"mkfifo pipe && { : < pipe & } && exec 3> pipe && wait && exec \"$@\" >&3", "sh", NULL };
	static const char *const args[] = { "schema", NULL };
	struct sabot_run r = sabot_run(directory, before, args);

	cr_expect_eq(r.code, EXIT_HARNESS, "exit %d", r.code);
	cr_expect_str_empty(r.err);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}
