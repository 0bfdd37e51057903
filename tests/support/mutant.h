/* SPDX-License-Identifier: MIT */
/*
 * Mutants: a reference implementation that makes a mistake must be caught by a property, and the careful one under the
 * same fault by none. Tests give plans, one or more for each mistake; a scenario is made of each plan, technique and
 * design, and run by $SABOT.
 */
#ifndef TESTS_SUPPORT_MUTANT_H
#define TESTS_SUPPORT_MUTANT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/model/technique.h"

struct mutant {
	const char *mistake;
	const char *techniques;	/* NULL: all that the table of mistakes names */
	const char *designs;	/* words; NULL: every design of the technique */
	const char *side;	/* "server" or "client"; NULL: as the table says, both if it says both */
	const char *caught_by;	/* NULL: as the table says */
	const char *workload;	/* "{pattern: echo, messages: 4}" */
	const char *realism;	/* NULL: linux */
	const char *faults;	/* YAML of the list, two spaces deep; @ stands for the technique; NULL none */
	const char *care_faults;	/* … for the careful version, where it must differ; NULL: the same */
	const char *care_expect;	/* YAML below `expect:` for the careful version; NULL: every property holds */
	unsigned n_clients;	/* 0: 1 */
	bool restart;		/* the server is started again when it has died */
};

/* One test: a plan with a technique and a design ("" if the technique has none). */
struct mutant_row {
	size_t plan;
	char technique[32], design[32];
};

/* All rows of the plans into an array of room for `most`. Their number. */
size_t mutant_rows(const struct mutant *plans, size_t n_plans, struct mutant_row *rows, size_t most);
/* Runs the mistaken and the careful version; fails the test with Sabot's own words. */
void mutant_run(const struct mutant *plans, const struct mutant_row *row);
/* Is there a plan for this mistake with this technique? */
bool mutant_planned(const struct mutant *plans, size_t n_plans, const struct mistake_info *m, const char *technique);

#endif
