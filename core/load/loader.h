/* SPDX-License-Identifier: MIT */
/* Inside the loader: one file being read, the errors found in it, and the scalars of one combination of its matrix. */
#ifndef CORE_LOAD_LOADER_H
#define CORE_LOAD_LOADER_H

#include "core/load/load.h"
#include "core/load/yaml.h"

enum { LOAD_ERRORS = 20, LOAD_COMPLAINTS = 1000, LOAD_MATRIX_KEYS = 8, LOAD_COMBINATIONS = 4096 };

/* One key of the matrix, and the value that the present combination gives it. */
struct axis {
	const struct node *key, *values;	/* values: a list of scalars, not empty */
	size_t choice;
	bool used;
};

struct load_error {
	size_t at;
	bool of_scalar;
	char *head, *text;	/* first line; the lines after it */
};

struct loader {
	const char *path, *source;
	size_t length;
	const struct load_options *options;
	char *directory;		/* of the file, absolute */
	struct yaml yaml;
	struct axis axes[LOAD_MATRIX_KEYS];
	size_t n_axes;
	struct scenario *scenario;	/* being filled */
	struct load_error errors[LOAD_ERRORS];
	unsigned n_errors;	/* may be more than are kept */
	unsigned n_complaints;	/* repeated ones too; when there were very many, nobody looks at more */
};

/*
 * Tells of an error at a byte offset or at a node: file:line:col: message, the source line, a caret, the remedy
 * (NULL: none). The same error of two combinations is told once, and no more than LOAD_ERRORS of one file.
 */
void complain_at(struct loader *l, size_t at, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void complain(struct loader *l, const struct node *at, const char *remedy, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "unknown WHAT "NAME"", with the nearest of n names or all of them as the remedy. */
void complain_unknown(struct loader *l, const struct node *at, const char *what, const char *name,
	const char *const *names, size_t n);
/* The same for a key, saying in which map it is. */
void complain_unknown_key(struct loader *l, const struct node *at, const char *map, const char *const *names, size_t n);
/* The same for names that have numbers, from 1 to last; name_of gives NULL for a number that has none. */
void complain_numbered(struct loader *l, const struct node *at, const char *what, const char *name,
	const char *(*name_of)(int), int last);
/* Moves all errors, in the order of the file, to *out. */
void errors_take(struct loader *l, struct str *out);
/* Line number (from 1) of a node. */
int node_line(const struct loader *l, const struct node *n);
/* How a node is called in messages: "a list", "the text "x"" … The caller frees it. */
char *node_describe(const struct node *n);

/*
 * The node with the matrix's ${key} and the environment's ${NAME} put in; n itself if it has none of them. Only
 * scalars change. A name that is not set is complained of, and stays as it is.
 */
const struct node *node_expand(struct loader *l, const struct node *n);
/* The same for free text, in which a name that is not set is just text. */
const struct node *node_expand_free(struct loader *l, const struct node *n);
/* The value of a key in a map, expanded; NULL if n is no map or has no such key. */
const struct node *node_get(struct loader *l, const struct node *n, const char *key);

/* matrix.c: finds the axes in the root; combination number i (false: there is none); the "[a=1,b=2]" of its name. */
void matrix_read(struct loader *l);
bool matrix_choose(struct loader *l, size_t i);
char *matrix_suffix(struct loader *l);
void matrix_check(struct loader *l);	/* complains of keys that were never used */

/* Fills l->scenario from the tree, and complains of everything that is wrong in it. */
void scenario_read(struct loader *l);

#endif
