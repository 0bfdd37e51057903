/* SPDX-License-Identifier: MIT */
/*
 * Programs that give a library in them a hard time: under Sabot they print what they print without it, every process of
 * theirs is seen, no verdict is unknown and nothing stays.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/sabot_run.h"
#include "core/base/str.h"
#include "core/base/banned.h"

struct hostile {
	char mode[16];
	int beginnings;		/* of processes, and of programs in them */
	bool as_root;
};

ParameterizedTestParameters(hostile, is_run_as_ever)
{
	static struct hostile all[] = {
		{ "closes", 4, false }, { "dups", 1, false }, { "clears", 2, false }, { "empties", 3, false },
		{ "daemonises", 3, false }, { "user", 4, true }, { "root", 3, true }, { "namespaces", 2, false },
		{ "storms", 1, false }, { "cancels", 1, false }, { "threads", 1, false }, { "vforks", 2, false },
		{ "spawns", 3, false }, { "children", 101, false }, { "dies", 11, false }, { "stdio", 1, false },
	};

	return cr_make_param_array(struct hostile, all, sizeof(all) / sizeof(*all));
}

/* What the program prints without Sabot; owned by the caller. */
static char *printed_alone(const char *mode)
{
	char *program = test_program("hostile"), *command = mem_printf("exec '%s' %s", program, mode);
	FILE *f = popen(command, "r");
	char *text = mem_new(4096);
	size_t n = 0, got;

	cr_assert_not_null(f);
	while ((got = fread(text + n, 1, 4095 - n, f)) > 0)
		n += got;
	cr_assert_eq(pclose(f), 0, "%s fails without Sabot:\n%s", mode, text);
	free(command);
	free(program);
	return text;
}

static char *file_read(const char *directory, const char *name)
{
	char *path = mem_printf("%s/%s", directory, name), *text = mem_new(4096);
	FILE *f = fopen(path, "r");

	cr_assert_not_null(f, "no file %s", path);
	cr_assert(fread(text, 1, 4095, f) <= 4095);
	fclose(f);
	free(path);
	return text;
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* Each call is told with its line, in whatever image of its process it was made. */
static void lines_are_told(char *trace)
{
	char *rest = NULL;

	for (char *line = strtok_r(trace, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, " write(") || strstr(line, " recv(") || strstr(line, " socketpair("))
			cr_assert_not_null(strstr(line, "hostile.c:"), "no line for: %s", line);
}

Test(hostile, a_child_that_crashes_is_told_though_its_parent_says_nothing)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "it.yaml", "sabot: 1\ntitle: hostile\nroles:\n  main:\n"
					"    run: [$SABOT_PROGRAMS/hostile, aborts]\n    driver: true\n");
	r = sabot_run(directory, NULL, (const char *[]){ "run", "it.yaml", NULL });
	cr_assert_eq(r.code, 1, "exit %d\n%s%s", r.code, r.out, r.err);
	cr_assert_not_null(strstr(r.out, "main.1 was killed by signal ABRT"), "%s", r.out);
	sabot_run_fini(&r);
	test_directory_remove(directory);
}

ParameterizedTest(struct hostile *h, hostile, is_run_as_ever)
{
	char *directory = test_directory(), *yaml, *alone, *under;
	struct sabot_run r;
	int seen;

	if (h->as_root && geteuid() != 0) {
		test_directory_remove(directory);
		cr_skip_test("only root may do that");
	}
	yaml = mem_printf("sabot: 1\ntitle: hostile\nroles:\n  main:\n    run: [$SABOT_PROGRAMS/hostile, %s]\n"
			  "    driver: true\ntimeout: 60s\n", h->mode);
	test_file(directory, "it.yaml", yaml);
	alone = printed_alone(h->mode);
	r = sabot_run(directory, NULL, (const char *[]){ "run", "it.yaml", "--keep", "kept", NULL });
	cr_assert_eq(r.code, 0, "%s: exit %d\n%s%s", h->mode, r.code, r.out, r.err);
	sabot_run_fini(&r);
	under = file_read(directory, "kept/it/main.out");
	cr_assert_str_eq(under, alone);
	r = sabot_run(directory, NULL, (const char *[]){ "trace", "kept/it", NULL });
	cr_assert_eq(r.code, 0, "%s", r.err);
	seen = count(r.out, " begins ---");
	cr_assert(seen >= h->beginnings, "%d beginnings, not %d:\n%s", seen, h->beginnings, r.out);
	/* What a child of vfork moves about is not moved in its parent. */
	cr_assert(strcmp(h->mode, "vforks") != 0 || !strstr(r.out, ":pipe#3>, 5) = 5"), "%s", r.out);
	lines_are_told(r.out);
	sabot_run_fini(&r);
	free(under);
	free(alone);
	free(yaml);
	test_directory_remove(directory);
}
