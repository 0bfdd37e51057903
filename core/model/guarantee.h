/* SPDX-License-Identifier: MIT */
/*
 * The guarantees of the matrix: their names, questions and the words that may answer them. The table is made from
 * core/techniques/probes/guarantees.def, which the probes include too.
 */
#ifndef CORE_MODEL_GUARANTEE_H
#define CORE_MODEL_GUARANTEE_H

#include <stdbool.h>
#include <stddef.h>

struct guarantee_info {
	const char *name; /* "full-nonblocking" */
	const char *group; /* "flow"; rows of one group follow each other */
	const char *question;
	const char *values; /* words separated by spaces; see guarantee_allows() */
};

extern const struct guarantee_info guarantee_table[];
extern const size_t n_guarantees;

const struct guarantee_info *guarantee_find(const char *name); /* NULL: none */

/*
 * Is value one of the guarantee's words, or "n/a" or "unknown"? In a word of the table, # stands for a decimal number
 * and @ for the name of an error, with +SIG… or without. Pure.
 */
bool guarantee_allows(const struct guarantee_info *g, const char *value);

#endif
