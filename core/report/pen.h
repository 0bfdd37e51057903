/* SPDX-License-Identifier: MIT */
/* Text for people: colours if they are wanted, words that wrap, nothing that could steer a terminal. */
#ifndef CORE_REPORT_PEN_H
#define CORE_REPORT_PEN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"

enum ink { INK_GOOD, INK_BAD, INK_WARN, INK_DIM, INK_BOLD };

struct pen {
	struct str out; /* str_fini() it */
	bool utf8, color;
};

/* Colour on, colour off: nothing without `color`. */
void pen_ink(struct pen *p, enum ink ink);
void pen_dry(struct pen *p);
/* A literal of ours, in that colour. */
void pen_inked(struct pen *p, enum ink ink, const char *text);
/* A text of unknown origin; see utf8_show(). */
void pen_show(struct pen *p, const char *text);
/*
 * A text of unknown origin broken between words at 96 columns, and a newline. It begins at column `at`; its other
 * lines are indented. Line ends in it stay.
 */
void pen_wrap(struct pen *p, size_t at, size_t indent, const char *text);
/* An empty line and a heading of ours. */
void pen_heading(struct pen *p, const char *text);
/* The text as a line of its own, indented, wrapped; then the text is cleared. */
void pen_line(struct pen *p, struct str *text);

#endif
