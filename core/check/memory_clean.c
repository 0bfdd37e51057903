/* SPDX-License-Identifier: MIT */
/*
 * memory-clean: memcheck and the sanitizers find nothing. The verdict is the tool's: what a program that was built with
 * AddressSanitizer, UBSan or MemorySanitizer says on stderr.
 */
#include "core/check/sanitized.h"
#include "core/base/banned.h"

static const char *senseless(const struct property_input *in)
{
	return sanitized_senseless(in, SANITIZER_MEMORY,
		"no program was built with AddressSanitizer, and --under memcheck is not available yet");
}

static void memory_clean_check(const struct property_input *in, struct verdict *out)
{
	sanitized_check(in, SANITIZER_MEMORY, out);
}

const struct property property_memory_clean = {
	.name = "memory-clean",
	.summary = "memcheck and the sanitizers find nothing",
	.about = "tools",
	.senseless = senseless,
	.check = memory_clean_check,
};
