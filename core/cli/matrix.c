/* SPDX-License-Identifier: MIT */
/* The measured guarantee of every technique: runs the scenarios of scenarios/guarantees and prints their answers. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/command.h"
#include "core/cli/matrix_run.h"
#include "core/cli/scenarios.h"
#include "core/model/guarantee.h"
#include "core/model/technique.h"
#include "core/base/banned.h"

enum { UNKNOWN_PERCENT = 3 }; /* more unknown cells than that are not "all measured" */

#define SCENARIOS "scenarios/guarantees"

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Installed, beside the build directory, or in the tree that this file was compiled from. The caller frees it. */
static char *scenarios_find(void)
{
	static const char here[] = __FILE__, below[] = "core/cli/matrix.c";
	static const char *const beside[] = { "../share/sabot/" SCENARIOS, "../" SCENARIOS, SCENARIOS };
	size_t n = strlen(here);
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		char *path = mem_printf("%s/%s", self, beside[i]);

		if (is_directory(path))
			return path;
		free(path);
	}
	if (n > strlen(below) && strcmp(&here[n - strlen(below)], below) == 0) {
		char *path = mem_printf("%.*s%s", (int)(n - strlen(below)), here, SCENARIOS);

		if (is_directory(path))
			return path;
		free(path);
	}
	return mem_dup(SCENARIOS);
}

static int name_wrong(const char *option, const char *name, const char *const *names, size_t n)
{
	const char *near = text_nearest(name, names, n);

	fprintf(stderr, "sabot matrix: --%s %s: there is no such %s", option, name, option);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	fputs("\nThere are:", stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, " %s", names[i]);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

static int names_check(const struct options *o)
{
	const char **names = mem_new((n_techniques + n_guarantees + 1) * sizeof(names[0]));
	int code = 0;

	for (size_t i = 0; i < n_techniques; i++)
		names[i] = technique_table[i].name;
	if (o->technique && !technique_find(o->technique))
		code = name_wrong("technique", o->technique, names, n_techniques);
	for (size_t i = 0; i < n_guarantees; i++)
		names[i] = guarantee_table[i].name;
	if (!code && o->guarantee && !guarantee_find(o->guarantee))
		code = name_wrong("guarantee", o->guarantee, names, n_guarantees);
	free(names);
	return code;
}

/* Leaves the cells that were asked for; what is no probe is none of the matrix. */
static void list_filter(const struct options *o, struct scenario_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct scenario *s = list->items[i];
		const struct role *probe = matrix_probe(s);

		if (probe && (!o->technique || strcmp(probe->run[2], o->technique) == 0) &&
			(!o->guarantee || strcmp(probe->run[3], o->guarantee) == 0))
			list->items[kept++] = s;
		else
			scenario_free(s);
	}
	list->n = kept;
}

static int report_print(const struct report_choice *r, const struct matrix *m, const struct options *o)
{
	FILE *out = r->file ? fopen(r->file, "we") : stdout;
	int error;

	if (!out) {
		fprintf(stderr, "sabot matrix: --report %s: %s: %s\n", r->name, r->file, strerror(errno));
		return -errno;
	}
	if (strcmp(r->name, "json") == 0)
		error = matrix_print_json(out, m);
	else if (strcmp(r->name, "markdown") == 0)
		error = matrix_print_markdown(out, m);
	else if (m->n == 1)
		error = matrix_print_cell(out, &m->cells[0]);
	else
		error = matrix_print_tty(out, m, o->color && !r->file, o->verbose > 0);
	if (r->file && fclose(out) && !error)
		error = -errno;
	return error;
}

static int matrix_code(const struct matrix *m, size_t n_cannot)
{
	size_t unknown = matrix_unknown(m);

	if (unknown == m->n && n_cannot == m->n)
		return EXIT_SKIPPED;
	return unknown * 100 > m->n * UNKNOWN_PERCENT ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
}

static int list_measure(const struct options *o, const struct scenario_list *list)
{
	struct matrix m = MATRIX_NONE;
	struct str story = STR_NONE;
	bool wants_story = o->verbose > 0 && list->n == 1;
	struct utsname u;
	size_t n_cannot;
	char kernel[160];
	int code, error = 0;

	uname(&u);
	snprintf(kernel, sizeof(kernel), "%s %s", u.sysname, u.release);
	m.kernel = kernel;
	code = matrix_run(o, list, &m, wants_story ? &story : NULL, &n_cannot);
	if (code > 0)
		fprintf(stderr, "sabot matrix: interrupted by SIG%s\n", sigabbrev_np(code));
	for (size_t i = 0; i < o->n_reports && !code && !error; i++)
		error = report_print(&o->reports[i], &m, o);
	if (wants_story && !code)
		printf("\n%srepro: sabot matrix --technique %s --guarantee %s -v\n", str_get(&story),
			m.cells[0].technique, m.cells[0].guarantee);
	if (code < 0 || error)
		fprintf(stderr, "sabot matrix: the harness broke: %s\n", strerror(code < 0 ? -code : -error));
	code = code || error ? EXIT_HARNESS : matrix_code(&m, n_cannot);
	matrix_fini(&m);
	str_fini(&story);
	return code;
}

static int matrix_main(const struct options *o, int argc, char **argv)
{
	struct scenario_list list = { .items = NULL };
	char *path = argc ? mem_dup(argv[0]) : scenarios_find();
	int code = names_check(o);

	if (!code)
		code = scenarios_load(o, 1, &path, &list);
	free(path);
	if (!code)
		list_filter(o, &list);
	if (!code && list.n == 0) {
		fprintf(stderr, "sabot matrix: no scenario there measures that\n");
		code = EXIT_USAGE;
	}
	if (!code)
		code = list_measure(o, &list);
	scenario_list_fini(&list);
	return code;
}

const struct command command_matrix = {
	.name = "matrix",
	.usage = "[DIR]",
	.summary = "Measure what every technique guarantees on this machine",
	.help = "Every cell is measured by a scenario of scenarios/guarantees (or of DIR), with real processes. At the "
		"end stands\n"
		"what is taught of streams and datagrams, the evidence beside it. With one technique and one guarantee "
		"-v tells\n"
		"the run behind the cell. Exits with 1 if more than 3 % of the cells are unknown. --report "
		"tty|json|markdown[:FILE]\n"
		"Example: sabot matrix --technique udp --guarantee full-nonblocking -v\n",
	.options = OPTION_JOBS | OPTION_TIMEOUT | OPTION_MATRIX_REPORT | OPTION_TECHNIQUE | OPTION_GUARANTEE |
		   OPTION_TIME_SCALE | OPTION_SEED | OPTION_REALISM | OPTION_BACKEND | OPTION_UNDER,
	.n_min = 0,
	.n_max = 1,
	.run = matrix_main,
};
