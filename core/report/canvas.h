/* SPDX-License-Identifier: MIT */
/* One row of characters on a terminal, written in any order. Wide characters take two cells. Plain data, pure. */
#ifndef CORE_REPORT_CANVAS_H
#define CORE_REPORT_CANVAS_H

#include <stddef.h>

#include "core/base/str.h"

enum { CANVAS_WIDTH = 100 };

struct canvas {
	char cells[CANVAS_WIDTH][5]; /* UTF-8, terminated; "" is the second half of a wide character */
};

void canvas_clear(struct canvas *c); /* all spaces */
/* Writes text from column x on, up to but without column `end`; what is longer ends in … (or ~ without utf8). */
void canvas_put(struct canvas *c, size_t x, size_t end, const char *text, bool utf8);
/* Appends the row without trailing spaces, and a newline. */
void canvas_add(const struct canvas *c, struct str *out);

#endif
