/* SPDX-License-Identifier: MIT */
#include "core/cli/command.h"
#include "core/base/banned.h"

const struct command command_doctor = {
	.name = "doctor",
	.usage = "[PROGRAM]",
	.summary = "Say what this machine allows, and which calls of a program can be seen",
	.help = "Example: sabot doctor ./server\n",
	.n_max = 1,
	.unavailable = "not available yet: looking at machines and programs",
};
