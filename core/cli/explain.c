/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/command.h"
#include "core/cli/histories.h"
#include "core/cli/scenarios.h"
#include "core/history/history.h"
#include "core/report/site.h"
#include "core/report/story.h"
#include "core/report/utf8.h"
#include "core/base/banned.h"

static void pen_flush(struct pen *p)
{
	fwrite(str_get(&p->out), 1, p->out.length, stdout);
	str_clear(&p->out);
}

/* Stories are kept apart by a line. */
static void story_begin(struct pen *p, size_t *n_told)
{
	if ((*n_told)++)
		str_add(&p->out, "\n----\n\n");
}

/* 1: it is no history, and nothing was told. */
static int run_explain(struct pen *p, const struct history_file *file, size_t *n_told)
{
	struct history h = HISTORY_NONE;
	int error = history_load(file->path, &h);

	if (error)
		return error == -EPROTO ? 1 : error;
	story_begin(p, n_told);
	story_of_run(p, file->name, &h);
	pen_flush(p);
	history_fini(&h);
	return 0;
}

/* A path is a run if there are histories, and nothing else, in what it stands for. Same returns as above. */
static int runs_explain(struct pen *p, const char *path, size_t *n_told)
{
	struct history_files files = { .items = NULL };
	int error = histories_find(path, &files);

	for (size_t i = 0; !error && i < files.n; i++)
		error = run_explain(p, &files.items[i], n_told);
	histories_fini(&files);
	return error;
}

static int scenarios_explain(const struct options *o, struct pen *p, char *path, size_t *n_told)
{
	struct scenario_list list = { .items = NULL };
	int code = scenarios_load(o, 1, &path, &list);

	for (size_t i = 0; i < list.n; i++) {
		story_begin(p, n_told);
		story_of_scenario(p, list.items[i]);
		pen_flush(p);
	}
	scenario_list_fini(&list);
	return code;
}

static int explain_run(const struct options *o, int argc, char **argv)
{
	struct pen pen = { .utf8 = utf8_wanted(), .color = o->color };
	size_t n_told = 0;
	int code = EXIT_AS_EXPECTED;

	for (int i = 0; i < argc; i++) {
		int error = runs_explain(&pen, argv[i], &n_told);

		if (error > 0) {
			code = status_worse(code, scenarios_explain(o, &pen, argv[i], &n_told));
		} else if (error < 0) {
			fprintf(stderr, "sabot explain: %s: %s\n", argv[i], strerror(-error));
			code = status_worse(code, EXIT_HARNESS);
		}
	}
	str_fini(&pen.out);
	site_forget();
	return code;
}

const struct command command_explain = {
	.name = "explain",
	.usage = "FILE|RUN…",
	.summary = "Tell the story of a scenario, or of a finished run with its sequence diagram",
	.help = "RUN is a directory made by `sabot run --keep DIR`, or a " HISTORY_FILE " in it.\n"
		"Example: sabot explain scenarios/lessons\n",
	.options = OPTION_FILTER,
	.n_min = 1,
	.n_max = -1,
	.run = explain_run,
};
