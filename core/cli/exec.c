/* SPDX-License-Identifier: MIT */
#include "core/cli/command.h"
#include "core/base/banned.h"

const struct command command_exec = {
	.name = "exec",
	.usage = "[--inject FAULT]… -- PROGRAM [ARGUMENT]…",
	.summary = "Run one program, ad hoc, with faults given on the command line",
	.help = "Example: sabot exec --inject recv:error=EINTR:when=2 -- ./client /tmp/sock\n",
	.options = OPTION_INJECT | OPTION_SEED | OPTION_TIMEOUT | OPTION_REALISM | OPTION_BACKEND | OPTION_COMMAND_LINE,
	.n_min = 1,
	.n_max = -1,
	.unavailable = "not available yet: running one program without a scenario file",
};
