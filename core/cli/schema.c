/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "core/base/status.h"
#include "core/cli/command.h"
#include "core/load/load.h"
#include "core/base/banned.h"

static int schema_run(const struct options *o, int argc, char **argv)
{
	(void)o;
	(void)argc;
	(void)argv;
	schema_print(stdout);
	return EXIT_AS_EXPECTED;
}

const struct command command_schema = {
	.name = "schema",
	.usage = "",
	.summary = "Print the JSON Schema of the scenario format",
	.help = "An editor with a YAML language server completes and checks scenarios by it.\n"
		"Example: sabot schema > scenario.schema.json\n"
		"and as the first line of a scenario: # yaml-language-server: $schema=scenario.schema.json\n",
	.run = schema_run,
};
