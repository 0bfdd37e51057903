/* SPDX-License-Identifier: MIT */
/*
 * no-fd-leak: no service keeps descriptors of conversations that are over. The runner looks when the drivers have
 * ended.
 */
#include "core/check/left.h"
#include "core/base/banned.h"

static void no_fd_leak_check(const struct property_input *in, struct verdict *out)
{
	left_check(in, 1u << LEFT_FD, out);
}

const struct property property_no_fd_leak = {
	.name = "no-fd-leak",
	.summary = "no descriptor of a conversation that is over stays open",
	.about = "what is left",
	.check = no_fd_leak_check,
};
