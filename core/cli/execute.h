/* SPDX-License-Identifier: MIT */
/* One scenario in a box: the runs that it needs, its verdicts, and what is to be said of them. */
#ifndef CORE_CLI_EXECUTE_H
#define CORE_CLI_EXECUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/result.h"
#include "core/model/scenario.h"
#include "core/run/run.h"

struct execute_options {
	const char *keep; /* directory for this scenario alone, made if need be; NULL: keep nothing */
	bool utf8; /* for the diagram */
};

/*
 * Runs the scenario scenario.repeat times, until one run is not as expected, after a fault-free run where same-output
 * wants one. *out is filled completely. Inside the box. Never fails: what went wrong is a status.
 */
void scenario_execute(
	struct box *box, const struct scenario *s, const struct execute_options *options, struct result *out);

/*
 * Judges one run: properties, expectations, faults that never fired. What the scenario does not name is expected to
 * hold, unless it names something as violated: then only what it names counts. An unknown verdict is not as expected.
 * A property that does not apply satisfies nobody who asked for it by name. baseline: the fault-free run, or NULL.
 * *out comes with its outcome; status, why, properties, faults and exits_why are filled. Returns the event that a
 * picture of the run should be around.
 */
struct history;
size_t scenario_judge(const struct scenario *s, const struct arena *a, const struct history *h,
	const struct outcome *baseline, struct result *out);
/* What came of every fault of the plan. True if one never fired that must; out->why then says so. */
bool faults_judge(const struct scenario *s, const struct arena *a, struct result *out);
/* Does judging the scenario need a fault-free run first? */
bool scenario_wants_baseline(const struct scenario *s);

#endif
