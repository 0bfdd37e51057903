/* SPDX-License-Identifier: MIT */
/* memory-clean: memcheck and the sanitizers find nothing. The verdict is a tool's, and needs a run under it. */
#include "core/model/property.h"
#include "core/base/banned.h"

const struct property property_memory_clean = {
	.name = "memory-clean",
	.summary = "memcheck and the sanitizers find nothing",
	.about = "tools",
	.unavailable = "it needs a run with --under memcheck, which is not available yet",
};
