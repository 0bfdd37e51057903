/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "core/model/reporter.h"
#include "core/base/banned.h"

#define REPORTER(symbol) extern const struct reporter reporter_##symbol;
#include "core/report/reporters.def"
#undef REPORTER

const struct reporter *const reporter_table[] = {
#define REPORTER(symbol) &reporter_##symbol,
#include "core/report/reporters.def"
#undef REPORTER
};
const size_t n_reporters = sizeof(reporter_table) / sizeof(reporter_table[0]);

const struct reporter *reporter_find(const char *name)
{
	for (size_t i = 0; i < n_reporters; i++)
		if (!strcmp(reporter_table[i]->name, name))
			return reporter_table[i];
	return NULL;
}
