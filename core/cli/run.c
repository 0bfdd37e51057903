/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/batch.h"
#include "core/cli/command.h"
#include "core/cli/scenarios.h"
#include "core/model/reporter.h"
#include "core/base/banned.h"

/* All reports of one call of `sabot run`. */
struct reports {
	struct report items[OPTIONS_REPORTS];
	const struct reporter *reporters[OPTIONS_REPORTS];
	size_t n;
	struct report_options options;
	struct summary summary;
	int code;
	char kernel[160];
};

static void reports_close(struct reports *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].out && r->items[i].out != stdout)
			fclose(r->items[i].out);
}

static int reports_open(struct reports *r, const struct options *o, size_t n_planned)
{
	struct utsname u;

	uname(&u);
	snprintf(r->kernel, sizeof(r->kernel), "%s %s", u.sysname, u.release);
	r->options = (struct report_options){
		.color = o->color,
		.verbose = o->verbose,
		.kernel = r->kernel,
		.command = "sabot run",
	};
	for (size_t i = 0; i < o->n_reports; i++) {
		struct report *at = &r->items[r->n];
		int error;

		*at = (struct report){ .out = stdout, .options = &r->options, .n_planned = n_planned };
		r->reporters[r->n] = reporter_find(o->reports[i].name);
		if (o->reports[i].file)
			at->out = fopen(o->reports[i].file, "we");
		if (!at->out) {
			fprintf(stderr, "sabot: --report %s: %s: %s\n", o->reports[i].name, o->reports[i].file,
				strerror(errno));
			return -errno;
		}
		r->n++;
		error = r->reporters[i]->begin ? r->reporters[i]->begin(at) : 0;
		if (error)
			return error;
	}
	return 0;
}

static void summary_add(struct summary *s, enum status status)
{
	s->as_expected += status == STATUS_AS_EXPECTED;
	s->not_as_expected += status == STATUS_NOT_AS_EXPECTED;
	s->vacuous += status == STATUS_VACUOUS;
	s->broken += status == STATUS_BROKEN;
	s->skipped += status == STATUS_SKIPPED;
}

static int scenario_done(const struct scenario *s, const struct result *result, void *data)
{
	struct reports *r = data;
	int error = 0;

	summary_add(&r->summary, result->status);
	r->code = status_worse(r->code, batch_exit_code(result->status));
	for (size_t i = 0; i < r->n && !error; i++)
		if (r->reporters[i]->scenario)
			error = r->reporters[i]->scenario(&r->items[i], s, result);
	return error;
}

static int reports_end(struct reports *r)
{
	int first = 0;

	for (size_t i = 0; i < r->n; i++) {
		int error = r->reporters[i]->end ? r->reporters[i]->end(&r->items[i], &r->summary) : 0;

		first = first ? first : error;
	}
	return first;
}

static int list_run(const struct options *o, const struct scenario_list *list)
{
	struct reports reports = { .code = EXIT_SKIPPED };
	int code = reports_open(&reports, o, list->n), error;

	if (!code)
		code = batch_run(o, list, scenario_done, &reports);
	error = reports_end(&reports);
	reports_close(&reports);
	if (code > 0) {
		fprintf(stderr, "sabot: interrupted by SIG%s; %u of %zu scenarios were done\n", sigabbrev_np(code),
			reports.summary.as_expected + reports.summary.not_as_expected + reports.summary.vacuous +
				reports.summary.broken + reports.summary.skipped,
			list->n);
		return EXIT_HARNESS;
	}
	code = code ? code : error;
	if (code < 0) {
		/* Who closes the pipe that we write into has seen enough. */
		if (code != -EPIPE)
			fprintf(stderr, "sabot: the harness broke: %s\n", strerror(-code));
		return EXIT_HARNESS;
	}
	return reports.code;
}

static int run_run(const struct options *o, int argc, char **argv)
{
	struct scenario_list list = { .items = NULL };
	int code = scenarios_load(o, argc, argv, &list);

	/* The good files of a directory with a bad one are run all the same; the bad one decides the exit code. */
	if (list.n && code != EXIT_HARNESS) {
		int ran = list_run(o, &list);

		code = code ? status_worse(code, ran) : ran;
	}
	scenario_list_fini(&list);
	return code;
}

const struct command command_run = {
	.name = "run",
	.usage = "FILE|DIR…",
	.summary = "Run scenarios, and say what was not as expected",
	.help = "A directory stands for every *.yaml and *.yml below it. Scenarios run side by side (-j), each in a "
		"box of its\n"
		"own; reports keep the order of the files. Ctrl-C ends what runs, reports what is done, and exits with "
		"3.\n"
		"What a scenario does not name under expect: has to hold, unless it expects something to be violated.\n"
		"Example: sabot run scenarios/lessons --report tty --report junit:results.xml\n",
	.options = OPTION_JOBS | OPTION_SEED | OPTION_REPEAT | OPTION_TIMEOUT | OPTION_REPORT | OPTION_KEEP |
		   OPTION_UNDER | OPTION_BACKEND | OPTION_REALISM | OPTION_TIME_SCALE | OPTION_FILTER,
	.n_min = 1,
	.n_max = -1,
	.run = run_run,
};
