/* SPDX-License-Identifier: MIT */
/* race-free: no two threads race for the same data. The verdict is a tool's, and needs a run under it. */
#include "core/model/property.h"
#include "core/base/banned.h"

const struct property property_race_free = {
	.name = "race-free",
	.summary = "no two threads race for the same data",
	.about = "tools",
	.unavailable = "it needs a run with --under helgrind or drd, which is not available yet",
};
