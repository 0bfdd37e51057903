/* SPDX-License-Identifier: MIT */
#include "core/check/sanitized.h"

#include "core/base/banned.h"

enum { WORDS = 120 };

const char *sanitized_senseless(const struct property_input *in, enum sanitizer by, const char *reason)
{
	char words[WORDS];

	for (uint32_t i = 0; i < in->outcome->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &in->outcome->roles[i];

		if (r->sanitizer == by || output_report(&r->err, by, words, sizeof(words)))
			return NULL;
	}
	return reason;
}

void sanitized_check(const struct property_input *in, enum sanitizer by, struct verdict *out)
{
	for (uint32_t i = 0; i < in->outcome->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &in->outcome->roles[i];
		char words[WORDS];

		if (output_report(&r->err, by, words, sizeof(words)))
			verdict_set(out, VERDICT_VIOLATED, "%s: %s", r->name, words);
	}
}
