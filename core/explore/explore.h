/* SPDX-License-Identifier: MIT */
/*
 * Every feasible fault at every position of a scenario's programs: learn the fault-free run, strike, judge, confirm,
 * shrink, tell. The caller is the main process; all target processes live in boxes (core/run/run.h).
 */
#ifndef CORE_EXPLORE_EXPLORE_H
#define CORE_EXPLORE_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/model/scenario.h"

struct explore_options {
	const char *library;		/* libsabot.so */
	const char *output;		/* directory for NN.yaml; NULL: findings */
	unsigned jobs;			/* boxes that are busy at a time, one a CPU */
	int64_t budget_ns;		/* 0: until all is tried */
	uint32_t positions;		/* most trials; 0: all */
	uint32_t depth;			/* 1, or 2: pairs of faults on one channel too */
	uint32_t shard, n_shards;	/* of the trials: those whose number is shard modulo n_shards (from 1) */
	double time_scale;
	int verbose;
	bool color, utf8, annotate;
	uint32_t repeat;		/* each fault is tried so often, until it breaks something; 0 is 1 */
	const char *const *kinds;	/* only these: "short", "short: 1" …; n_kinds 0: all */
	size_t n_kinds;
	bool exec_mode;			/* start programs afresh for each run (for the benchmark) */
	void (*progress)(const char *text);	/* told now and then; NULL: nobody listens */
};

struct sweep;	/* everything about one exploration; in memory shared with the boxes */

/*
 * Explores. 0: *out is the caller's to explore_free(), whatever was found. EXIT_HARNESS or EXIT_SKIPPED: it could not
 * be done, *why (size bytes) says why. The scenario must have no faults of its own and outlive *out.
 * SIGINT and SIGTERM end the search in order: what is known is told.
 */
int explore(
	const struct scenario *s, const struct explore_options *options, struct sweep **out, char *why, size_t size);
struct sweep *explore_free(struct sweep *w);
/* As expected: no finding (of full grade), and the baseline was sound. An exit code. */
int explore_exit_code(const struct sweep *w);

/* Writes options->output/NN.yaml for each finding, anew. 0 or -errno. */
int explore_write_findings(struct sweep *w);
/* The result for a person; coverage table included. */
void explore_print(const struct sweep *w, FILE *out);
/* Sources with the coverage of each line, as gcov shows them. */
void explore_annotate(const struct sweep *w, FILE *out);
/* The JSON of an exploration (DESIGN). 0 or -errno. */
int explore_json(const struct sweep *w, FILE *out);

#endif
