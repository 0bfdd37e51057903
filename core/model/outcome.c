/* SPDX-License-Identifier: MIT */
#include "core/model/outcome.h"

#include <ctype.h>
#include <string.h>

#include "core/base/str.h"

#include "core/base/banned.h"

bool output_same(const struct output *a, const struct output *b)
{
	return a->length == b->length && a->hash == b->hash;
}

static bool is_digit(const struct output *o, uint32_t at)
{
	return at < o->kept && isdigit((unsigned char)o->text[at]);
}

/* One character on, or past a whole number. */
static uint32_t next(const struct output *o, uint32_t at)
{
	while (is_digit(o, at) && is_digit(o, at + 1))
		at++;
	return at + 1;
}

bool output_alike(const struct output *a, const struct output *b)
{
	uint32_t i = 0, k = 0;

	if (output_same(a, b) || !a->length || a->kept != a->length || b->kept != b->length)
		return output_same(a, b);
	while (i < a->kept && k < b->kept && (a->text[i] == b->text[k] || (is_digit(a, i) && is_digit(b, k)))) {
		i = next(a, i);
		k = next(b, k);
	}
	return i == a->kept && k == b->kept;
}

/* The first words of gcc's and clang's reports, of which all but the last begin with the sanitizer's name. */
static const struct {
	enum sanitizer by;
	const char *before, *name;
} reports[] = {
	{ SANITIZER_MEMORY, "ERROR: ", "AddressSanitizer: " },
	{ SANITIZER_MEMORY, "ERROR: ", "LeakSanitizer: " },
	{ SANITIZER_MEMORY, "WARNING: ", "MemorySanitizer: " },
	{ SANITIZER_MEMORY, "ERROR: ", "ThreadSanitizer: " },	/* a signal that ends it */
	{ SANITIZER_RACES, "WARNING: ", "ThreadSanitizer: " },
	{ SANITIZER_MEMORY, ": ", "runtime error: " },
};

/* Up to what changes from run to run: an address, a process id. */
static size_t steady_length(const char *from, size_t n)
{
	const char *end = memchr(from, '\n', n), *on;

	n = end ? (size_t)(end - from) : n;
	on = memmem(from, n, " on ", 4);
	n = on ? (size_t)(on - from) : n;
	on = memmem(from, n, " (", 2);
	return on ? (size_t)(on - from) : n;
}

const char *output_report(const struct output *err, enum sanitizer by, char *what, size_t size)
{
	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		char words[64];
		size_t left, skip = strlen(reports[i].before);
		const char *at;

		snprintf(words, sizeof(words), "%s%s", reports[i].before, reports[i].name);
		at = reports[i].by == by ? memmem(err->text, err->kept, words, strlen(words)) : NULL;
		if (!at)
			continue;
		at += skip;
		left = (size_t)(err->text + err->kept - at);
		snprintf(what, size, "%.*s", (int)steady_length(at, left), at);
		return what;
	}
	return NULL;
}

const struct role_outcome *role_named(const struct outcome *o, const char *name)
{
	for (uint32_t i = 0; i < o->n_roles && i < OUTCOME_ROLES; i++)
		if (strcmp(o->roles[i].name, name) == 0)
			return &o->roles[i];
	return NULL;
}

bool role_owns(const struct role_outcome *r, const char *process)
{
	size_t n = strlen(r->name);

	return strncmp(process, r->name, n) == 0 && (process[n] == '\0' || process[n] == '.');
}
