/* SPDX-License-Identifier: MIT */
/* The measured matrix, guarantee × technique, as terminal table, JSON and Markdown. */
#ifndef CORE_REPORT_MATRIX_H
#define CORE_REPORT_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct matrix_cell {
	char *technique, *guarantee, *value, *evidence; /* owned */
	char *scenario; /* owned: "scenarios/guarantees/fifo.yaml [technique=udp]" */
};

struct matrix {
	struct matrix_cell *cells; /* in any order; of two for one place the last counts */
	size_t n, room;
	const char *kernel; /* "Linux 6.1.0"; the caller's */
};
#define MATRIX_NONE ((struct matrix){ .cells = NULL })

enum { MATRIX_COLUMNS = 120 };

void matrix_fini(struct matrix *m); /* twice is fine */
/* Adds a cell; texts are copied. */
void matrix_add(struct matrix *m, const char *technique, const char *guarantee, const char *value, const char *evidence,
	const char *scenario);
/* NULL: not measured. */
const struct matrix_cell *matrix_find(const struct matrix *m, const char *technique, const char *guarantee);
/* How many cells are unknown. */
size_t matrix_unknown(const struct matrix *m);

/*
 * What is taught of streams and datagrams, the measured evidence beside it, and where Linux differs. Of a claim whose
 * cells were not measured nothing is said.
 */
struct matrix_claim {
	const char *aspect; /* "order" */
	bool stream; /* taught of streams; else of datagrams */
	const char *taught;
	const char *guarantee; /* whose cells are the evidence */
	const char *agree; /* values that agree with the claim, separated by spaces; # for a number */
};
extern const struct matrix_claim matrix_claims[];
extern const size_t n_matrix_claims;
/* The techniques that the claim is about, of a list that ends in NULL. */
const char *const *matrix_claim_techniques(const struct matrix_claim *c);
bool matrix_claim_agrees(const struct matrix_claim *c, const struct matrix_cell *cell);

/* Each: 0, or -errno if it could not be written. Lines of the terminal table have at most MATRIX_COLUMNS columns. */
/* evidence: also what was measured, cell by cell. */
int matrix_print_tty(FILE *out, const struct matrix *m, bool color, bool evidence);
int matrix_print_json(FILE *out, const struct matrix *m);
int matrix_print_markdown(FILE *out, const struct matrix *m);
/* One cell: the question, the answer and what was measured. */
int matrix_print_cell(FILE *out, const struct matrix_cell *c);

#endif
