/* SPDX-License-Identifier: MIT */
/* Outputs that are the same, and those that are but for their numbers. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/outcome.h"
#include "core/base/banned.h"

static struct output *output_of(const char *text)
{
	struct output *o = mem_new(sizeof(*o));

	text_copy(o->text, sizeof(o->text), text);
	o->length = o->kept = (uint32_t)strlen(text);
	for (const char *c = text; *c; c++)
		o->hash = o->hash * 31 + (unsigned char)*c;
	return o;
}

Test(outcome, numbers_aside)
{
	static const struct {
		const char *a, *b;
		bool alike;
	} all[] = {
		{ "", "", true }, { "", "1", false }, { "1", "", false }, { "[7]: up\n", "[1234]: up\n", true },
		{ "12:34:56 a", "1:2:3 a", true }, { "12 a", "12 b", false }, { "12", "1x", false },
		{ "a1", "a", false }, { "a", "a1", false }, { "1 2", "12", false }, { "x", "7", false },
		{ "7 ends", "8 end", false },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct output *a = output_of(all[i].a), *b = output_of(all[i].b);

		cr_expect_eq(output_alike(a, b), all[i].alike, "\"%s\" and \"%s\"", all[i].a, all[i].b);
		a->length++;
		cr_expect_not(output_alike(a, b), "more than was kept of \"%s\"", all[i].a);
		free(a);
		free(b);
	}
}
