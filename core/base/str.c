/* SPDX-License-Identifier: MIT */
#include "core/base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "core/base/banned.h"

static void *mem_check(void *p)
{
	if (p)
		return p;
	fputs("sabot: out of memory\n", stderr);
	exit(EXIT_HARNESS);
}

void *mem_new(size_t n)
{
	return mem_check(calloc(1, n ? n : 1));
}

void *mem_grow(void *old, size_t n)
{
	return mem_check(realloc(old, n ? n : 1));
}

char *mem_dup(const char *text)
{
	return text ? mem_check(strdup(text)) : NULL;
}

char *mem_printf(const char *format, ...)
{
	struct str s = STR_NONE;
	va_list args;

	va_start(args, format);
	str_vaddf(&s, format, args);
	va_end(args);
	return str_take(&s);
}

void str_fini(struct str *s)
{
	free(s->text);
	*s = STR_NONE;
}

void str_clear(struct str *s)
{
	s->length = 0;
	if (s->text)
		s->text[0] = '\0';
}

const char *str_get(const struct str *s)
{
	return s->text ? s->text : "";
}

char *str_take(struct str *s)
{
	char *text = s->text ? s->text : mem_dup("");

	*s = STR_NONE;
	return text;
}

void str_add_bytes(struct str *s, const void *bytes, size_t n)
{
	if (s->length + n + 1 > s->room) {
		s->room = (s->length + n + 1) * 2;
		s->text = mem_grow(s->text, s->room);
	}
	if (n)
		memcpy(s->text + s->length, bytes, n);
	s->length += n;
	s->text[s->length] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_bytes(s, text, strlen(text));
}

void str_addf(struct str *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_vaddf(s, format, args);
	va_end(args);
}

void str_vaddf(struct str *s, const char *format, va_list args)
{
	char *text = NULL;
	int n = vasprintf(&text, format, args);

	if (n < 0)
		mem_check(NULL);
	str_add_bytes(s, text, (size_t)n);
	free(text);
}

bool glob_match(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			resume = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

void text_copy(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; n + 1 < size && from[n]; n++)
		to[n] = from[n];
	if (size)
		to[n] = '\0';
}

#define NEAREST_MAX 48

/* How many letters to insert, remove, replace, or swap with their neighbour, to make b of a. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_MAX + 1], na = strlen(a), nb = strlen(b);

	if (na > NEAREST_MAX || nb > NEAREST_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		const size_t *two_up = rows[(i + 1) % 3], *up = rows[(i + 2) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);

			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_up[j - 2] + 1 < best)
				best = two_up[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[na % 3][nb];
}

const char *text_nearest(const char *name, const char *const *names, size_t n)
{
	size_t length = strlen(name), best = length > 8 ? 4 : length > 3 ? 3 : 2;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(name, names[i]);

		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
