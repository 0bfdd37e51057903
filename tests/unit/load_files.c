/* SPDX-License-Identifier: MIT */
/* Files and directories as they come. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "core/load/load.h"
#include "core/base/banned.h"

static char folder[] = "/tmp/sabot-load-XXXXXX";

static void folder_make(void)
{
	cr_assert(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
}

/* Removes what the tests put there. */
static void folder_remove(void)
{
	static const char *const names[] = { "b/two.yml", "b/note.txt", "b", "a.yaml", ".hidden.yaml", "z.yaml",
		"large.yaml", "secret.yaml", "empty" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlink(names[i]) < 0)
			rmdir(names[i]);
	cr_assert_eq(chdir("/"), 0);
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(load_files, .init = folder_make, .fini = folder_remove);

static void file_make(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	cr_assert(f);
	fputs(text, f);
	cr_assert_eq(fclose(f), 0);
}

#define FINE "sabot: 1\ntitle: fine\ntechnique: unix-stream\n"

/* Loads a path; the errors are the caller's to free. */
static int path_load(const char *path, struct scenario_list *list, struct str *errors)
{
	*list = (struct scenario_list){ .items = NULL };
	*errors = STR_NONE;
	return load_path(path, NULL, list, errors);
}

static void path_refused(const char *path, const char *what)
{
	struct scenario_list list;
	struct str errors;

	cr_expect_eq(path_load(path, &list, &errors), 1);
	cr_expect_eq(list.n, 0);
	cr_expect(strstr(str_get(&errors), what), "%s", str_get(&errors));
	cr_expect_eq(strncmp(str_get(&errors), path, strlen(path)), 0, "%s", str_get(&errors));
	str_fini(&errors);
}

Test(load_files, a_directory_in_order)
{
	struct scenario_list list;
	struct str errors;

	cr_assert_eq(mkdir("b", 0700), 0);
	file_make("z.yaml", FINE);
	file_make("a.yaml", FINE);
	file_make("b/two.yml", FINE);
	file_make("b/note.txt", "no scenario");
	file_make(".hidden.yaml", "no scenario");
	cr_assert_eq(path_load(".", &list, &errors), 0, "%s", str_get(&errors));
	cr_assert_eq(list.n, 3);
	cr_expect_str_eq(list.items[0]->name, "a");
	cr_expect_str_eq(list.items[1]->name, "two");
	cr_expect_str_eq(list.items[1]->file, "./b/two.yml");
	cr_expect_str_eq(list.items[2]->name, "z");
	scenario_list_fini(&list);
	str_fini(&errors);
}

Test(load_files, goes_on_after_a_bad_file)
{
	struct scenario_list list;
	struct str errors;

	file_make("a.yaml", "nothing\n");
	file_make("z.yaml", FINE);
	cr_expect_eq(path_load(".", &list, &errors), 1);
	cr_expect_eq(list.n, 1);
	cr_expect(strstr(str_get(&errors), "./a.yaml:1:1: "));
	scenario_list_fini(&list);
	str_fini(&errors);
}

Test(load_files, a_directory_without_scenarios)
{
	cr_assert_eq(mkdir("empty", 0700), 0);
	path_refused("empty", "no scenario");
}

Test(load_files, no_such_file)
{
	path_refused("missing.yaml", "No such file");
}

Test(load_files, a_directory_as_a_file)
{
	struct scenario_list list = { .items = NULL };
	struct str errors = STR_NONE;

	cr_assert_eq(mkdir("empty", 0700), 0);
	cr_expect_eq(load_file("empty", NULL, &list, &errors), 1);
	cr_expect(strstr(str_get(&errors), "empty:1:1: this is a directory"));
	str_fini(&errors);
}

Test(load_files, an_unreadable_file)
{
	file_make("secret.yaml", FINE);
	cr_assert_eq(chmod("secret.yaml", 0), 0);
	cr_assert_eq(chmod(folder, 0711), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	path_refused("secret.yaml", "Permission denied");
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
}

Test(load_files, too_large)
{
	int fd = open("large.yaml", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, 100 << 20), 0);
	close(fd);
	path_refused("large.yaml", "larger than 4 MiB");
}

Test(load_files, a_large_file_of_comments_is_fine)
{
	FILE *f = fopen("large.yaml", "we");
	struct scenario_list list;
	struct str errors;

	cr_assert(f);
	fputs(FINE, f);
	for (int i = 0; i < 20000; i++)
		fputs("# nothing but a comment, again and again, to make the file large\n", f);
	cr_assert_eq(fclose(f), 0);
	cr_expect_eq(path_load("large.yaml", &list, &errors), 0, "%s", str_get(&errors));
	scenario_list_fini(&list);
	str_fini(&errors);
}

Test(load_files, crlf_and_a_byte_order_mark)
{
	struct scenario_list list;
	struct str errors;

	file_make("a.yaml", "\xef\xbb\xbfsabot: 1\r\ntitle: fine\r\ntechnique: unix-stream\r\n");
	cr_expect_eq(path_load("a.yaml", &list, &errors), 0, "%s", str_get(&errors));
	cr_assert_eq(list.n, 1);
	cr_expect_str_eq(list.items[0]->title, "fine");
	scenario_list_fini(&list);
	str_fini(&errors);
}

Test(load_files, the_directory_of_a_role_is_that_of_the_file)
{
	struct scenario_list list;
	struct str errors;
	char *expected = mem_printf("%s/b", folder);

	cr_assert_eq(mkdir("b", 0700), 0);
	file_make("b/two.yml", "sabot: 1\ntitle: x\nroles: {a: {run: [./a]}}\n");
	cr_assert_eq(path_load("b/two.yml", &list, &errors), 0, "%s", str_get(&errors));
	cr_expect_str_eq(list.items[0]->roles[0].directory, expected);
	cr_expect_str_eq(list.items[0]->roles[0].run[0], "./a");
	scenario_list_fini(&list);
	str_fini(&errors);
	free(expected);
}

/* The schema is JSON, and knows the keys that the loader knows. */
Test(load_files, schema)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	json_error_t error;
	json_t *schema, *role;

	cr_assert(f);
	schema_print(f);
	cr_assert_eq(fclose(f), 0);
	schema = json_loads(text, 0, &error);
	cr_assert(schema, "%s", error.text);
	cr_expect_str_eq(
		json_string_value(json_object_get(schema, "$schema")), "https://json-schema.org/draft/2020-12/schema");
	cr_expect(json_is_false(json_object_get(schema, "additionalProperties")));
	role = json_object_get(json_object_get(schema, "properties"), "roles");
	cr_assert(role);
	cr_expect(json_object_get(json_object_get(schema, "properties"), "faults"));
	cr_expect(json_object_get(json_object_get(schema, "properties"), "matrix"));
	json_decref(schema);
	free(text);
}
