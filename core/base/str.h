/* SPDX-License-Identifier: MIT */
/*
 * A growing string. STR_NONE is the empty value; str_fini() works twice and on STR_NONE.
 * Not async-signal-safe (allocates); a str may be used by one thread at a time.
 * When memory is refused the program ends with exit code 3 and a sentence: no caller could do better.
 */
#ifndef CORE_BASE_STR_H
#define CORE_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *text;	/* NUL-terminated; NULL while nothing was added */
	size_t length;	/* bytes without the NUL */
	size_t room;
};
#define STR_NONE ((struct str){ .text = NULL })

void str_fini(struct str *s);
void str_clear(struct str *s);			/* length 0, memory kept */
const char *str_get(const struct str *s);	/* never NULL; valid until s changes */
char *str_take(struct str *s);			/* the caller owns the text and frees it; s becomes STR_NONE */
void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *bytes, size_t n);
void str_addf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *s, const char *format, va_list args);

/* malloc, calloc, realloc, strdup that end the program (exit code 3) instead of returning NULL. */
void *mem_new(size_t n);			/* zeroed */
void *mem_grow(void *old, size_t n);
char *mem_dup(const char *text);		/* NULL gives NULL */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Does name match pattern, where '*' stands for any run of characters, '?' for one? Async-signal-safe. */
bool glob_match(const char *pattern, const char *name);

/* Copies text into a fixed array, cut if need be, always terminated. Async-signal-safe. */
void text_copy(char *to, size_t size, const char *from);

/* The nearest of n names within an edit distance of 2 (3 for long names), or NULL: for "did you mean". Pure. */
const char *text_nearest(const char *name, const char *const *names, size_t n);

#endif
