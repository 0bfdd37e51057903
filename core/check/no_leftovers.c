/* SPDX-License-Identifier: MIT */
/*
 * no-leftovers: no socket file, FIFO, segment, queue or semaphore outlives the roles that made it. What belongs to a
 * role that a fault killed is excused by the runner.
 */
#include "core/check/left.h"
#include "core/base/banned.h"

static void no_leftovers_check(const struct property_input *in, struct verdict *out)
{
	left_check(in,
		1u << LEFT_SOCKET | 1u << LEFT_FIFO | 1u << LEFT_SHM | 1u << LEFT_MQ | 1u << LEFT_SEM | 1u << LEFT_SYSV,
		out);
}

const struct property property_no_leftovers = {
	.name = "no-leftovers",
	.summary = "no socket file, FIFO, segment, queue or semaphore outlives its makers",
	.about = "what is left",
	.check = no_leftovers_check,
};
