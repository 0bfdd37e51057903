/* SPDX-License-Identifier: MIT */
/* What `at:` selects: a family, a call with its twins, and a call that has a family's name. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/model/call.h"
#include "core/base/banned.h"

static bool selects(const char *name, const char *symbol)
{
	struct call_set set = { { 0 } };

	cr_assert_eq(call_select(name, &set), 0, "%s", name);
	cr_assert_geq(call_find(symbol), 0, "%s", symbol);
	return call_set_has(&set, (uint32_t)call_find(symbol));
}

Test(call_select, a_family)
{
	cr_assert(selects("open", "socket"));
	cr_assert(selects("open", "open64"));
	cr_assert(selects("connect", "connect"));
	cr_assert_not(selects("open", "read"));
}

Test(call_select, a_call_and_its_twins)
{
	cr_assert(selects("read", "read"));
	cr_assert(selects("read", "__read_chk"));
	cr_assert_not(selects("read", "recv"));
}

Test(call_select, the_call_that_has_the_name_of_its_family)
{
	cr_assert(selects("open()", "open"));
	cr_assert(selects("open()", "open64"));
	cr_assert_not(selects("open()", "socket"));
	cr_assert_not(selects("open()", "openat"));
	cr_assert(selects("accept()", "accept"));
	cr_assert_not(selects("accept()", "accept4"));
	cr_assert(selects("read()", "__read_chk"));
}

Test(call_select, nothing_of_that_name)
{
	struct call_set set;

	cr_assert_eq(call_select("opne", &set), 1);
	cr_assert_eq(call_select("receive()", &set), 1);
	cr_assert_eq(call_select("()", &set), 1);
}
