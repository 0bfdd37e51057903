/* SPDX-License-Identifier: MIT */
/* What a diagram shows, before it is drawn: which steps, which processes, who is alive when. Used by diagram.c. */
#ifndef CORE_REPORT_SCENE_H
#define CORE_REPORT_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history/history.h"
#include "core/report/steps.h"

enum { SCENE_COLUMNS = 6, SCENE_STEPS = 256, NO_COLUMN = SCENE_COLUMNS };

struct scene {
	const struct history *h;
	bool utf8;
	size_t centre; /* event */
	struct step steps[SCENE_STEPS];
	size_t n_steps;
	bool before, after; /* steps were left out there */
	bool cause; /* steps[0] is a strike from further up, which what follows came of */
	uint32_t procs[SCENE_COLUMNS];
	size_t n_columns, n_hidden;
	size_t gap;
	size_t birth[SCENE_COLUMNS], death[SCENE_COLUMNS]; /* events */
	bool killed[SCENE_COLUMNS];
};

/*
 * A scene of at most `context` steps before and after the event, and at most `rows` rows. Returned filled, and the
 * caller's to free(); it refers to h. n_steps is 0 if there is nothing to show.
 */
struct scene *scene_new(const struct history *h, size_t centre, unsigned context, size_t rows, bool utf8);
/* Column of a process, or NO_COLUMN. */
size_t scene_column(const struct scene *d, uint32_t proc);

#endif
