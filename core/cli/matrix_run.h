/* SPDX-License-Identifier: MIT */
/* Runs the scenarios of the matrix, several at a time, and collects what their probes printed. Main thread only. */
#ifndef CORE_CLI_MATRIX_RUN_H
#define CORE_CLI_MATRIX_RUN_H

#include "core/cli/options.h"
#include "core/load/load.h"
#include "core/report/matrix.h"

/* The role of s that is a probe: its argv is PROGRAM probe TECHNIQUE GUARANTEE …; NULL: it has none. */
const struct role *matrix_probe(const struct scenario *s);

/*
 * Runs every scenario of the list, all with a probe, in options.jobs boxes, each again (at most twice) if its cell came
 * out unknown, and adds one cell each to m, in the order of the list. story, if not NULL, gets the last run's story.
 * *n_cannot counts cells that this machine cannot measure. 0, -errno, or the signal that interrupted it.
 */
int matrix_run(const struct options *o, const struct scenario_list *list, struct matrix *m, struct str *story,
	size_t *n_cannot);

#endif
