/* SPDX-License-Identifier: MIT */
/* no-zombies: no role leaves a child that it never waited for, or that runs on without it. */
#include "core/check/left.h"
#include "core/base/banned.h"

static void no_zombies_check(const struct property_input *in, struct verdict *out)
{
	left_check(in, 1u << LEFT_ZOMBIE | 1u << LEFT_PROCESS, out);
}

const struct property property_no_zombies = {
	.name = "no-zombies",
	.summary = "no child is left that nobody waited for",
	.about = "what is left",
	.check = no_zombies_check,
};
