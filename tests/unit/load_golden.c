/* SPDX-License-Identifier: MIT */
/* tests/golden/load/NAME.yaml is refused with exactly the words of NAME.err. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "core/load/load.h"
#include "core/base/banned.h"

enum { CASES_LEAST = 40 };

static char *file_text(const char *path)
{
	struct str s = STR_NONE;
	char buffer[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	cr_assert(f, "%s is missing", path);
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		str_add_bytes(&s, buffer, n);
	fclose(f);
	return str_take(&s);
}

static void case_check(const char *yaml)
{
	struct scenario_list list = { .items = NULL };
	struct str errors = STR_NONE;
	char *golden = mem_printf("%.*s.err", (int)(strlen(yaml) - strlen(".yaml")), yaml),
	     *expected = file_text(golden);

	cr_expect_eq(load_file(yaml, NULL, &list, &errors), 1, "%s was not refused", yaml);
	cr_expect_str_eq(
		str_get(&errors), expected, "%s\nexpected:\n%s\nbut it says:\n%s", yaml, expected, str_get(&errors));
	cr_expect_eq(list.n, 0, "%s gave a scenario", yaml);
	free(golden);
	free(expected);
	str_fini(&errors);
	scenario_list_fini(&list);
}

Test(load_golden, every_file_is_refused_in_its_words)
{
	struct dirent *e;
	unsigned n = 0;
	DIR *dir;

	cr_assert_eq(chdir(TEST_SOURCE_DIR "/tests/golden/load"), 0);
	dir = opendir(".");
	cr_assert(dir);
	while ((e = readdir(dir))) {
		const char *dot = strrchr(e->d_name, '.');

		if (!dot || strcmp(dot, ".yaml") != 0)
			continue;
		case_check(e->d_name);
		n++;
	}
	closedir(dir);
	cr_expect_geq(n, CASES_LEAST, "only %u cases were found", n);
}

/* Every message begins with file:line:col, and its caret stands under the column. */
Test(load_golden, carets_stand_where_the_column_says)
{
	struct scenario_list list = { .items = NULL };
	struct str errors = STR_NONE;
	unsigned line, column;
	const char *caret;

	cr_assert_eq(chdir(TEST_SOURCE_DIR "/tests/golden/load"), 0);
	cr_assert_eq(load_file("unknown-mistake.yaml", NULL, &list, &errors), 1);
	cr_assert_eq(sscanf(str_get(&errors), "unknown-mistake.yaml:%u:%u:", &line, &column), 2);
	caret = strstr(str_get(&errors), "^\n");
	cr_assert(caret);
	for (unsigned i = 0; i < column - 1 + 4; i++)
		cr_expect_eq(caret[-1 - (int)i], ' ');
	cr_expect_eq(caret[-(int)(column + 4)], '\n');
	str_fini(&errors);
}
