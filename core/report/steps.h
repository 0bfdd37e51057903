/* SPDX-License-Identifier: MIT */
/* What of a history is worth a row of a diagram, and in which words. Used by diagram.c; no drawing here. */
#ifndef CORE_REPORT_STEPS_H
#define CORE_REPORT_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history/history.h"

enum { STEP_LABEL = 112 };

enum step_kind {
	STEP_NOTE, /* something that a process did or got */
	STEP_LOUD, /* a note that may cover other columns: a strike, a call that never returned */
	STEP_ARROW, /* to `target` */
	STEP_LOST, /* an arrow that never arrived: a `drop` strike */
	STEP_END, /* the process ends here */
};

struct step {
	size_t event; /* index into h->events */
	enum step_kind kind;
	uint32_t proc;
	uint32_t target; /* process index + 1 */
	unsigned times; /* the same again and again, folded */
	bool folded; /* shown as part of another step */
	size_t answer; /* the event of the step that is shown as part of this one; SIZE_MAX: none */
	char label[STEP_LABEL];
};

/* Fills *out for event i. False if it is not worth showing. */
bool step_of(const struct history *h, size_t i, bool utf8, struct step *out);
/* Is b what a, an arrow, led to: the receive of its bytes, the accept of its connect? */
bool step_answers(const struct history *h, const struct step *a, const struct step *b);

#endif
