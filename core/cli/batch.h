/* SPDX-License-Identifier: MIT */
/* Many scenarios, each in a box of its own, several at a time. Main thread only. */
#ifndef CORE_CLI_BATCH_H
#define CORE_CLI_BATCH_H

#include "core/cli/options.h"
#include "core/load/load.h"
#include "core/model/result.h"

/* Told of every scenario in the order of the list. 0, or -errno: the rest is not run. */
typedef int batch_done(const struct scenario *s, const struct result *result, void *data);

/*
 * Runs the list with options.jobs boxes at a time, each pinned to a CPU. 0; -errno, from done() or if no box can be
 * made; or the number of the signal (SIGINT, SIGTERM) that interrupted it: what was done by then has been told, and
 * everything that ran is gone.
 */
int batch_run(const struct options *o, const struct scenario_list *list, batch_done *done, void *data);

/* The exit code of one scenario's status. */
int batch_exit_code(enum status status);

#endif
