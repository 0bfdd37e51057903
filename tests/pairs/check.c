/* SPDX-License-Identifier: MIT */
/*
 * pair-check SCENARIO PROGRAMS WORK FILE SYMPTOM[,SYMPTOM…] REALISM   what explore finds in a pair
 * pair-check --twice SCENARIO PROGRAMS WORK                           the same exploration twice, the same findings
 *
 * In the programs of PROGRAMS/buggy there has to be a finding of that symptom at a line of FILE (or called from one),
 * and every finding has to be seen again when its scenario is run. In those of PROGRAMS/fixed there has to be none.
 * WORK is a directory that is made here and may be used freely. SABOT is the program.
 */
#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/base/banned.h"

extern char **environ;

enum { REPLAYS = 6, PATH_ROOM = 4096 };

struct pair {
	const char *scenario, *programs, *work, *file, *symptoms, *realism;
};

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int run(const char *const argv[])
{
	int status, error;
	pid_t pid;

	error = posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);
	if (error)
		fail("%s: %s", argv[0], strerror(error));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid: %s", strerror(errno));
	if (!WIFEXITED(status))
		fail("%s was killed by signal %d", argv[0], WTERMSIG(status));
	return WEXITSTATUS(status);
}

static json_t *json_of(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);

	if (!root)
		fail("%s:%d: %s", path, error.line, error.text);
	return root;
}

static char *sabot(void)
{
	char *path = getenv("SABOT");

	if (!path)
		fail("SABOT is not set");
	return path;
}

/* Explores the programs of `twin`; returns the report, the caller's. */
static json_t *explore(const struct pair *p, const char *twin, const char *name, const char *jobs, int *status)
{
	char report[PATH_ROOM], output[PATH_ROOM], programs[PATH_ROOM];
	const char *argv[] = { sabot(), "explore", p->scenario, "-q", "--no-color", jobs, "--report", report, "-o",
			       output, "--realism", p->realism, NULL };

	snprintf(report, sizeof(report), "json:%s/%s.json", p->work, name);
	snprintf(output, sizeof(output), "%s/%s", p->work, name);
	snprintf(programs, sizeof(programs), "%s/%s", p->programs, twin);
	setenv("PAIR", programs, 1);
	*status = run(argv);
	if (*status == 77)
		exit(77);
	return json_of(report + strlen("json:"));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Is it a line of this file, whatever directory the file is in? */
static bool names_file(const char *text, const char *file)
{
	size_t n = strlen(file);

	for (const char *at = text; (at = strstr(at, file)) != NULL; at += n)
		if (at[n] == ':' && (at == text || at[-1] == ' ' || at[-1] == '/'))
			return true;
	return false;
}

static bool is_listed(const char *word, const char *list)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && strncmp(list, word, n) == 0)
			return true;
	return false;
}

static void findings_print(const json_t *findings)
{
	const json_t *f;
	size_t i;

	json_array_foreach(findings, i, f)
		fprintf(stderr, "  %s at %s (%s), %s: %s\n", text_of(f, "symptom"), text_of(f, "site"),
			text_of(f, "call"), text_of(f, "do"), text_of(f, "why"));
}

static bool is_violated(const json_t *scenario, const char *property)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(scenario, "properties"), i, p)
		if (strcmp(text_of(p, "name"), property) == 0)
			return strcmp(text_of(p, "verdict"), "violated") == 0;
	return false;
}

static void replay(const struct pair *p, const json_t *finding)
{
	const char *property = json_string_value(json_array_get(json_object_get(finding, "properties"), 0));
	char report[PATH_ROOM];
	const char *argv[] = { sabot(), "run", text_of(finding, "scenario"), "-q", "--report", report, NULL };
	json_t *root;
	int status;

	snprintf(report, sizeof(report), "json:%s/replay.json", p->work);
	status = run(argv);
	if (status != 1)
		fail("%s: exit code %d, not 1", argv[2], status);
	root = json_of(report + strlen("json:"));
	if (!property || !is_violated(json_array_get(json_object_get(root, "scenarios"), 0), property))
		fail("%s: %s is not violated", argv[2], property ? property : "no property");
	json_decref(root);
}

static void buggy_check(const struct pair *p)
{
	int status;
	json_t *root = explore(p, "buggy", "buggy", "-j2", &status), *findings = json_object_get(root, "findings"), *f;
	bool found = false, amplified;
	int expected = 0;
	size_t i;

	json_array_foreach(findings, i, f) {
		amplified = strcmp(text_of(f, "symptom"), "amplified") == 0;
		expected |= !amplified;		/* those are of a lower grade */
		found |= is_listed(text_of(f, "symptom"), p->symptoms) &&
			 (names_file(text_of(f, "site"), p->file) || names_file(text_of(f, "callers"), p->file));
		if (i < REPLAYS && !amplified)
			replay(p, f);
	}
	if (status != expected || !found) {
		findings_print(findings);
		fail("exit code %d, and no finding of %s in %s", status, p->symptoms, p->file);
	}
	json_decref(root);
}

static void fixed_check(const struct pair *p)
{
	int status;
	json_t *root = explore(p, "fixed", "fixed", "-j2", &status), *findings = json_object_get(root, "findings");

	if (status != 0 || json_array_size(findings)) {
		findings_print(findings);
		fail("exit code %d, and %zu findings in the repaired programs", status, json_array_size(findings));
	}
	json_decref(root);
}

static void twice_check(const struct pair *p)
{
	static const char *const keys[] = { "role", "call", "site", "do", "symptom" };
	json_t *root[2], *list[2];
	int status;

	for (int k = 0; k < 2; k++) {
		root[k] = explore(p, "buggy", k ? "second" : "first", k ? "-j1" : "-j2", &status);
		list[k] = json_object_get(root[k], "findings");
	}
	if (json_array_size(list[0]) != json_array_size(list[1]) || !json_array_size(list[0])) {
		findings_print(list[0]);
		findings_print(list[1]);
		fail("%zu findings, then %zu", json_array_size(list[0]), json_array_size(list[1]));
	}
	for (size_t i = 0; i < json_array_size(list[0]); i++) {
		const json_t *one = json_array_get(list[0], i), *two = json_array_get(list[1], i);

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (strcmp(text_of(one, keys[k]), text_of(two, keys[k])) != 0)
				fail("finding %zu: %s is \"%s\", then \"%s\"", i + 1, keys[k], text_of(one, keys[k]),
					text_of(two, keys[k]));
		if (!json_equal(json_object_get(one, "nth"), json_object_get(two, "nth")))
			fail("finding %zu: nth differs", i + 1);
	}
	json_decref(root[0]);
	json_decref(root[1]);
}

int main(int argc, char **argv)
{
	bool twice = argc > 1 && strcmp(argv[1], "--twice") == 0;
	struct pair p = { .realism = "linux" };

	if (argc != (twice ? 5 : 7))
		fail("usage: pair-check [--twice] SCENARIO PROGRAMS WORK [FILE SYMPTOMS REALISM]");
	argv += twice;
	p.scenario = argv[1];
	p.programs = argv[2];
	p.work = argv[3];
	if (mkdir(p.work, 0777) && errno != EEXIST)
		fail("%s: %s", p.work, strerror(errno));
	if (twice) {
		twice_check(&p);
		return 0;
	}
	p.file = argv[4];
	p.symptoms = argv[5];
	p.realism = argv[6];
	buggy_check(&p);
	fixed_check(&p);
	return 0;
}
