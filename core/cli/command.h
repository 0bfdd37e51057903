/* SPDX-License-Identifier: MIT */
/*
 * A subcommand: one file core/cli/NAME.c with one `const struct command command_NAME`, one row COMMAND(NAME) in
 * commands.def. Commands do not call each other.
 */
#ifndef CORE_CLI_COMMAND_H
#define CORE_CLI_COMMAND_H

#include <stddef.h>

#include "core/cli/options.h"

struct command {
	const char *name;
	const char *usage;	/* what follows the name: "[FILE|DIR]…" */
	const char *summary;	/* one line, no full stop */
	const char *help;	/* more lines, with an example; each ends in a newline */
	unsigned options;	/* enum option_bit: those that it takes, beside OPTION_COMMON */
	int n_min, n_max;	/* operands; n_max -1: any number */
	/*
	 * argv[0 … argc-1] are the operands, without the command's name. Returns an exit code (core/base/status.h).
	 * Results go to stdout, which the caller flushes and checks; everything else to stderr. Main thread.
	 */
	int (*run)(const struct options *o, int argc, char **argv);
	const char *unavailable;	/* "not available yet: …": told, exit code 77; NULL: it works */
};

extern const struct command *const command_table[];	/* in the order of commands.def */
extern const size_t n_commands;
const struct command *command_find(const char *name);	/* NULL: none */

#endif
