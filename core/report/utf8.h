/* SPDX-License-Identifier: MIT */
/*
 * Text of unknown origin made fit to show. Roles write what they like: reporters must put out valid UTF-8, and a
 * terminal must never be steered by the output of a program under test. All functions are pure but utf8_wanted().
 */
#ifndef CORE_REPORT_UTF8_H
#define CORE_REPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

#define UTF8_REPLACEMENT 0xfffdu

/*
 * Decodes one character of at most n bytes (n > 0). Returns the bytes used, 1 … 4, and *c; a sequence that is
 * overlong, cut, a surrogate or beyond U+10FFFF gives UTF8_REPLACEMENT and uses one byte.
 */
size_t utf8_decode(const char *text, size_t n, uint32_t *c);
/* Appends c, encoded. */
void utf8_add(struct str *out, uint32_t c);
/* Appends n bytes with every invalid byte replaced by U+FFFD; control characters stay. */
void utf8_clean(struct str *out, const char *bytes, size_t n);
/*
 * Appends n bytes for a terminal: as utf8_clean(), control characters but tab become \n, \e, \x01 …; without `utf8`
 * arrows and frames are spelt in ASCII and everything else beyond it becomes '?'.
 */
void utf8_show(struct str *out, const char *bytes, size_t n, bool utf8);
/* Columns that c takes on a terminal: 0, 1 or 2. */
unsigned utf8_columns(uint32_t c);
/* Columns of a text. */
size_t utf8_width(const char *text);
/* Does the user's locale (LC_ALL, LC_CTYPE, LANG) say UTF-8? Reads the environment. */
bool utf8_wanted(void);

#endif
