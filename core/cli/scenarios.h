/* SPDX-License-Identifier: MIT */
/* What every command with scenario files does first. */
#ifndef CORE_CLI_SCENARIOS_H
#define CORE_CLI_SCENARIOS_H

#include "core/cli/options.h"
#include "core/load/load.h"

/*
 * Loads the files and directories argv[0 … argc-1] (none: the directory `scenarios` if there is one, else `.`) into
 * *list, which begins as {0} and is the caller's to scenario_list_fini() whatever comes back. All errors are told on
 * stderr. Then --filter, --seed, --repeat, --timeout and --realism are applied. Returns 0, EXIT_USAGE if a file is
 * wrong (the list holds the others) or nothing is left, or EXIT_HARNESS.
 */
int scenarios_load(const struct options *o, int argc, char **argv, struct scenario_list *list);
bool scenario_has_tag(const struct scenario *s, const char *tag);

#endif
