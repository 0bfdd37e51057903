/* SPDX-License-Identifier: MIT */
/* sabot merge */
#include <stdio.h>

#include "core/base/banned.h"
#include "core/base/status.h"
#include "core/cli/command.h"
#include "core/explore/merge.h"

static int run(const struct options *o, int argc, char **argv)
{
	char why[512] = "";
	int status = explore_merge((const char *const *)argv, (size_t)argc, stdout, why, sizeof(why));

	(void)o;
	if (*why)
		fprintf(stderr, "sabot merge: %s\n", why);
	return status;
}

const struct command command_merge = {
	.name = "merge",
	.usage = "PART.json…",
	.summary = "Join the reports of an exploration that was split with --shard",
	.help = "Runs are added, findings that tell the same become one, coverage is the strongest of all parts. The "
		"sum is\n"
		"written to stdout; the exit code is that of the whole exploration.\n\n"
		"Example:\n"
		"  sabot explore mine.yaml --shard 1/2 --report json:1.json\n"
		"  sabot explore mine.yaml --shard 2/2 --report json:2.json\n"
		"  sabot merge 1.json 2.json > all.json\n",
	.options = OPTION_COMMON,
	.n_min = 1,
	.n_max = -1,
	.run = run,
};
