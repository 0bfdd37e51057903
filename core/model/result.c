/* SPDX-License-Identifier: MIT */
#include "core/model/result.h"

#include "core/base/banned.h"

const char *const status_names[N_STATUS] = {
	[STATUS_AS_EXPECTED] = "as-expected",
	[STATUS_NOT_AS_EXPECTED] = "not-as-expected",
	[STATUS_VACUOUS] = "vacuous",
	[STATUS_BROKEN] = "broken",
	[STATUS_SKIPPED] = "skipped",
};
