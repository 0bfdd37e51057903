/* SPDX-License-Identifier: MIT */
/*
 * race-free: no two threads race for the same data. The verdict is the tool's: what a program that was built with
 * ThreadSanitizer says on stderr.
 */
#include "core/check/sanitized.h"
#include "core/base/banned.h"

static const char *senseless(const struct property_input *in)
{
	return sanitized_senseless(in, SANITIZER_RACES,
		"no program was built with ThreadSanitizer, and --under helgrind is not available yet");
}

static void race_free_check(const struct property_input *in, struct verdict *out)
{
	sanitized_check(in, SANITIZER_RACES, out);
}

const struct property property_race_free = {
	.name = "race-free",
	.summary = "no two threads race for the same data",
	.about = "tools",
	.senseless = senseless,
	.check = race_free_check,
};
