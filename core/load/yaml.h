/* SPDX-License-Identifier: MIT */
/* YAML text as a tree whose nodes know where they were written. The only header behind which libfyaml stands. */
#ifndef CORE_LOAD_YAML_H
#define CORE_LOAD_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

enum { YAML_DEPTH = 64, YAML_BYTES = 4 << 20, YAML_CHILDREN = 1024 };

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct pair {
	struct node *key, *value;	/* the key is a scalar */
};

/* An alias is the very node that it names, so a tree may hold a node more than once, but never inside itself. */
struct node {
	enum node_kind kind;
	bool plain;		/* a scalar without quotes: only such a one can be a number, a truth value or nothing */
	size_t at;		/* where it begins: byte offset in the source */
	char *text;		/* scalar: NUL-terminated, holds no other NUL */
	struct node **items;	/* list */
	struct pair *pairs;	/* map */
	size_t n;		/* items or pairs: no more than YAML_CHILDREN */
	struct node *next;	/* all nodes of one yaml, for freeing */
};

struct yaml {
	struct node *root;	/* NULL: an empty document */
	struct node *all;
};
#define YAML_NONE ((struct yaml){ .root = NULL })

/* What is wrong, and where. */
struct yaml_error {
	size_t at;		/* byte offset */
	struct str message, remedy;	/* remedy: may be empty */
};

/*
 * Parses n bytes of UTF-8 (one YAML 1.2 document). 0: *out holds the tree. 1: not valid; *error says why, its
 * strings are the caller's to free, *out is YAML_NONE.
 */
int yaml_parse(const char *text, size_t n, struct yaml *out, struct yaml_error *error);
/* Frees all nodes; twice is fine. */
void yaml_fini(struct yaml *y);
/* A scalar that belongs to y, made of a copy of text. */
struct node *yaml_scalar(struct yaml *y, const char *text, size_t at);
/* Is it a plain scalar with nothing in it, `~` or `null`? Pure. */
bool node_is_null(const struct node *n);

#endif
