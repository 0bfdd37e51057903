/* SPDX-License-Identifier: MIT */
#include "core/model/outcome.h"

#include <ctype.h>

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

bool role_owns(const struct role_outcome *r, const char *process)
{
	size_t n = strlen(r->name);

	return strncmp(process, r->name, n) == 0 && (process[n] == '\0' || process[n] == '.');
}
