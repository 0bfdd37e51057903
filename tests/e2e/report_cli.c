/* SPDX-License-Identifier: MIT */
/* `sabot trace`, `sabot explain` and the formats of --report, over a real run. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/base/banned.h"

static char directory[] = "/tmp/report-cli-XXXXXX";

/* What a shell command prints, stderr included, and its exit code. */
static char *output(int *code, const char *format, ...)
{
	struct str command = STR_NONE, text = STR_NONE;
	char block[4096];
	va_list args;
	FILE *pipe;
	int status;

	va_start(args, format);
	str_vaddf(&command, format, args);
	va_end(args);
	str_add(&command, " 2>&1");
	pipe = popen(str_get(&command), "r");
	cr_assert(pipe);
	for (size_t n; (n = fread(block, 1, sizeof(block), pipe)) > 0;)
		str_add_bytes(&text, block, n);
	status = pclose(pipe);
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	str_fini(&command);
	return text.text ? str_take(&text) : mem_dup("");
}

static void scenario_write(void)
{
	char *path;
	FILE *f;

	cr_assert(mkdtemp(directory));
	path = mem_printf("%s/one.yaml", directory);
	f = fopen(path, "we");
	cr_assert(f);
	fputs("sabot: 1\n"
	      "title: A program that reads a file\n"
	      "roles:\n"
	      "  reader:\n"
	      "    run: [\"/usr/bin/env\", \"cat\", \"/proc/self/status\"]\n"
	      "    driver: true\n",
		f);
	fclose(f);
	free(path);
}

static void setup(void)
{
	cr_assert(getenv("SABOT"), "run by ctest");
	setenv("LC_ALL", "C.UTF-8", 1);
	scenario_write();
}

static void teardown(void)
{
	int code;

	free(output(&code, "rm -rf '%s'", directory));
}

TestSuite(report_cli, .init = setup, .fini = teardown);

static void kept_run(void)
{
	int code;
	char *out = output(&code, "$SABOT run --keep '%s/kept' '%s/one.yaml'", directory, directory);

	cr_assert_eq(code, 0, "%s", out);
	free(out);
}

Test(report_cli, trace_in_every_format)
{
	json_error_t error;
	json_t *root;
	int code;
	char *out;

	kept_run();
	out = output(&code, "$SABOT trace '%s/kept'", directory);
	cr_expect_eq(code, 0);
	cr_expect(strstr(out, "process ") && strstr(out, " begins ---"), "%s", out);
	free(out);
	out = output(&code, "$SABOT trace '%s/kept/one/history.sabot' --format json", directory);
	cr_expect_eq(code, 0);
	for (char *line = out, *end; *line && (end = strchr(line, '\n')); line = end + 1) {
		root = json_loadb(line, (size_t)(end - line), 0, &error);
		cr_assert(root, "%s", line);
		json_decref(root);
	}
	free(out);
	out = output(&code, "$SABOT trace --format chrome '%s/kept'", directory);
	cr_expect_eq(code, 0);
	root = json_loads(out, 0, &error);
	cr_assert(root && json_array_size(json_object_get(root, "traceEvents")) > 0, "%s", out);
	json_decref(root);
	free(out);
}

Test(report_cli, trace_of_what_is_no_run)
{
	int code;
	char *out = output(&code, "$SABOT trace '%s/nothing'", directory);

	cr_expect_eq(code, 2, "%s", out);
	cr_expect(strstr(out, "--keep"), "%s", out);
	free(out);
	out = output(&code, "$SABOT trace '%s/one.yaml'", directory);
	cr_expect_eq(code, 2, "%s", out);
	free(out);
	out = output(&code, "$SABOT trace --format chrme '%s'", directory);
	cr_expect_eq(code, 2, "%s", out);
	cr_expect(strstr(out, "did you mean \"chrome\""), "%s", out);
	free(out);
}

Test(report_cli, explain_a_scenario_and_a_run)
{
	int code;
	char *out = output(&code, "$SABOT explain '%s/one.yaml'", directory);

	cr_expect_eq(code, 0, "%s", out);
	cr_expect(strstr(out, "A program that reads a file") && strstr(out, "What is expected"), "%s", out);
	free(out);
	kept_run();
	out = output(&code, "$SABOT explain '%s/kept'", directory);
	cr_expect_eq(code, 0, "%s", out);
	cr_expect(strstr(out, "Who took part") && strstr(out, "reader (process "), "%s", out);
	free(out);
	out = output(&code, "$SABOT explain '%s/nothing'", directory);
	cr_expect_eq(code, 2, "%s", out);
	free(out);
}

Test(report_cli, every_reporter_at_once)
{
	json_error_t error;
	json_t *root;
	int code;
	char *out = output(&code,
		"$SABOT run --report tap --report junit:'%s/j.xml' --report json:'%s/j.json' '%s/one.yaml'", directory,
		directory, directory);

	cr_expect_eq(code, 0, "%s", out);
	cr_expect(!strncmp(out, "TAP version 14\n1..1\nok 1 - one", 30), "%s", out);
	free(out);
	out = output(&code, "cat '%s/j.json'", directory);
	root = json_loads(out, 0, &error);
	cr_assert(root, "%s", out);
	cr_expect_eq(json_array_size(json_object_get(root, "scenarios")), 1);
	json_decref(root);
	free(out);
	out = output(&code, "cat '%s/j.xml'", directory);
	cr_expect(strstr(out, "tests=\"1\" failures=\"0\""), "%s", out);
	free(out);
	out = output(&code, "$SABOT run --report jnit '%s/one.yaml'", directory);
	cr_expect_eq(code, 2, "%s", out);
	free(out);
}
