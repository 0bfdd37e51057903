/* SPDX-License-Identifier: MIT */
/*
 * A reporter: one format a file, one row in core/report/reporters.def. Called in the main process, one scenario after
 * the other in the order of the files, whatever the order in which they ended.
 */
#ifndef CORE_MODEL_REPORTER_H
#define CORE_MODEL_REPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "core/model/result.h"
#include "core/model/scenario.h"

struct report_options {
	bool color;
	int verbose;		/* -1 quiet, 0, 1 … */
	const char *kernel;	/* "Linux 6.1.0" */
	const char *command;	/* how to repeat: "sabot run" */
};

struct summary {
	unsigned as_expected, not_as_expected, vacuous, broken, skipped;
};

struct report {
	FILE *out;		/* the reporter writes here, and nowhere else */
	const struct report_options *options;
	void *state;		/* the reporter's own */
	size_t n_planned;	/* scenarios to come */
};

struct reporter {
	const char *name, *summary;
	/* Each may be NULL. 0, or -errno (the output could not be written). */
	int (*begin)(struct report *r);
	int (*scenario)(struct report *r, const struct scenario *s, const struct result *result);
	int (*end)(struct report *r, const struct summary *summary);	/* frees state */
};

extern const struct reporter *const reporter_table[];
extern const size_t n_reporters;
const struct reporter *reporter_find(const char *name);

#endif
