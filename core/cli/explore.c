/* SPDX-License-Identifier: MIT */
/* sabot explore */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/base/str.h"
#include "core/cli/command.h"
#include "core/cli/progress.h"
#include "core/cli/scenarios.h"
#include "core/explore/explore.h"
#include "core/model/fault.h"
#include "core/report/utf8.h"

static void tell(const char *text)
{
	if (*text)
		progress_update(text);
	else
		progress_clear();
}

static int report_one(const struct options *o, struct sweep *w, const struct report_choice *choice)
{
	FILE *out = choice->file ? fopen(choice->file, "w") : stdout;
	int error = 0;

	if (!out) {
		fprintf(stderr, "sabot: cannot write %s: %s\n", choice->file, strerror(errno));
		return EXIT_HARNESS;
	}
	if (strcmp(choice->name, "json") == 0)
		error = explore_json(w, out);
	else
		explore_print(w, out);
	if (o->annotate && strcmp(choice->name, "json") != 0)
		explore_annotate(w, out);
	if (choice->file && fclose(out))
		error = -errno;
	return error ? EXIT_HARNESS : 0;
}

static int explore_scenario(const struct options *o, const struct scenario *s)
{
	struct explore_options options = {
		.library = o->library,
		.output = o->output,
		.jobs = o->jobs,
		.budget_ns = o->budget_ns,
		.positions = o->positions,
		.depth = o->depth,
		.shard = o->shard,
		.n_shards = o->n_shards,
		.time_scale = o->time_scale,
		.verbose = o->verbose,
		.color = o->color,
		.utf8 = utf8_wanted(),
		.annotate = o->annotate,
		.progress = tell,
		.repeat = o->repeat,
		.kinds = o->injects,
		.n_kinds = o->n_injects,
	};
	struct sweep *w;
	char why[512] = "";
	int status, error;

	if (s->n_faults) {
		fprintf(stderr, "%s: explore looks for faults by itself; a scenario with `faults:` is for sabot run\n",
			s->file);
		return EXIT_USAGE;
	}
	if (s->unavailable) {
		fprintf(stderr, "%s: %s\n", s->file, s->unavailable);
		return EXIT_SKIPPED;
	}
	progress_begin(o->verbose < 0);
	status = explore(s, &options, &w, why, sizeof(why));
	progress_clear();
	if (status) {
		fprintf(stderr, "%s: %s\n", s->file, why);
		return status;
	}
	error = explore_write_findings(w);
	if (error) {
		fprintf(stderr, "sabot: cannot write the findings: %s\n", strerror(-error));
		status = EXIT_HARNESS;
	}
	for (size_t i = 0; i < o->n_reports; i++) {
		int failed = report_one(o, w, &o->reports[i]);

		status = failed ? failed : status;
	}
	status = status ? status : explore_exit_code(w);
	explore_free(w);
	return status;
}

/* --inject takes a kind, "short", or one of its faults, "short: 1". */
static bool injects_are_known(const struct options *o)
{
	char kind[64];

	for (size_t i = 0; i < o->n_injects; i++) {
		text_copy(kind, sizeof(kind), o->injects[i]);
		kind[strcspn(kind, ":")] = '\0';
		if (fault_find(kind))
			continue;
		fprintf(stderr, "sabot explore: --inject %s: no such kind of fault; see `sabot list faults`\n",
			o->injects[i]);
		return false;
	}
	return true;
}

static int run(const struct options *o, int argc, char **argv)
{
	struct scenario_list list = { 0 };
	int status = injects_are_known(o) ? scenarios_load(o, argc, argv, &list) : EXIT_USAGE;

	if (!status && list.n != 1) {
		fprintf(stderr, "sabot explore: %s makes %zu scenarios; explore takes one\n", argv[0], list.n);
		status = EXIT_USAGE;
	}
	if (!status)
		status = explore_scenario(o, list.items[0]);
	scenario_list_fini(&list);
	return status;
}

const struct command command_explore = {
	.name = "explore",
	.usage = "FILE",
	.summary = "Strike every feasible fault at every position; write findings/NN.yaml",
	.help = "Runs the scenario without faults to learn what it does, then once for every fault that could really\n"
		"happen at every position, and judges each run by the first ones. What broke is tried again, grouped "
		"by\n"
		"source line, and written as a scenario that `sabot run` repeats. Where `expect:` says\n"
		"`no-starvation: holds`, one of several drivers is also stopped for good, and the others have to end\n"
		"as ever.\n\n"
		"Examples:\n"
		"  sabot explore mine.yaml -j2 --budget 60s -o findings\n"
		"  sabot explore mine.yaml --inject short --inject kill --repeat 3\n"
		"  sabot explore mine.yaml --inject 'fail: EMFILE'\n"
		"  sabot explore mine.yaml --shard 1/4 --report json:part1.json\n",
	.options = OPTION_REPEAT | OPTION_INJECT | OPTION_JOBS | OPTION_SEED | OPTION_TIMEOUT | OPTION_REPORT |
		   OPTION_REALISM | OPTION_TIME_SCALE | OPTION_BUDGET | OPTION_POSITIONS | OPTION_SHARD | OPTION_DEPTH |
		   OPTION_ANNOTATE | OPTION_OUTPUT | OPTION_BACKEND | OPTION_UNDER,
	.n_min = 1,
	.n_max = 1,
	.run = run,
};
