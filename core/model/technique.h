/* SPDX-License-Identifier: MIT */
/*
 * What the harness knows of a reference implementation: its name and what it promises. The implementations themselves
 * are in core/techniques and make the program sabot-ref; the harness starts it like any user's program.
 * The table is made from core/techniques/techniques.def, which both programs include.
 */
#ifndef CORE_MODEL_TECHNIQUE_H
#define CORE_MODEL_TECHNIQUE_H

#include <stddef.h>
#include <stdint.h>

#include "core/model/property.h"

struct technique_info {
	const char *name;	/* "unix-stream" */
	const char *summary;
	uint32_t traits;	/* enum trait */
	uint32_t kind;		/* enum object_kind that carries its messages */
	const char *designs;	/* "iterative select poll …", the default first; "" none */
	const char *patterns;	/* workloads that it can do: "echo one-way bulk …" */
	int children;		/* 1: the server forks its clients itself: only role server is started, as the driver */
};

struct mistake_info {
	const char *name;	/* "short-read" */
	const char *summary;	/* one sentence: what goes wrong */
	const char *side;	/* "server", "client" or "both" */
	const char *techniques;	/* names separated by spaces; "*" all */
	const char *caught_by;	/* property that it violates, for the mutant suite */
};

struct design_info {
	const char *name, *summary;
};

extern const struct technique_info technique_table[];
extern const size_t n_techniques;
extern const struct mistake_info mistake_table[];
extern const size_t n_mistakes;
extern const struct design_info design_table[];
extern const size_t n_designs;

const struct technique_info *technique_find(const char *name);	/* NULL: none */
/* enum trait: what the programs of this scenario promise. */
uint32_t scenario_traits(const struct scenario *s);
const struct mistake_info *mistake_find(const char *name);
/* Is word one of the space-separated words? */
int words_have(const char *words, const char *word);

#endif
