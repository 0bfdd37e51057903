/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "core/base/status.h"
#include "core/cli/command.h"
#include "core/cli/scenarios.h"
#include "core/base/banned.h"

static int check_run(const struct options *o, int argc, char **argv)
{
	struct scenario_list list = { .items = NULL };
	int code = scenarios_load(o, argc, argv, &list);
	int worst = list.n ? EXIT_SKIPPED : code;

	for (size_t i = 0; i < list.n; i++) {
		const struct scenario *s = list.items[i];

		worst = status_worse(worst, s->unavailable ? EXIT_SKIPPED : EXIT_AS_EXPECTED);
		if (s->unavailable)
			printf("%s: %s: valid, but %s\n", s->file, s->name, s->unavailable);
		else if (o->verbose >= 0)
			printf("%s: %s: valid\n", s->file, s->name);
	}
	scenario_list_fini(&list);
	return code ? code : worst;
}

const struct command command_check = {
	.name = "check",
	.usage = "[FILE|DIR]…",
	.summary = "Say what is wrong with scenario files, without running anything",
	.help = "Every error is told with its file, line and column. Without a FILE: all scenarios below scenarios/.\n"
		"Example: sabot check scenarios/lessons\n",
	.options = OPTION_FILTER,
	.n_max = -1,
	.run = check_run,
};
