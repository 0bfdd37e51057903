/* SPDX-License-Identifier: MIT */
/* A process that confines itself (seccomp) is never killed for what the injector does in it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

#define CONFINED(how) HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/confined, " how "]\n    driver: true\n"

static void expect_struck(const char *how, const char *fault, int code, const char *says)
{
	char yaml[512];

	snprintf(yaml, sizeof(yaml), CONFINED("%s") "faults:\n  - {in: main.1, %s}\n", how, fault);
	expect(yaml, code, says);
}

Test(confined, it_is_told)
{
	static const struct {
		const char *how, *says;
	} all[] = {
		{ "prctl", "main.1 has confined itself (seccomp)" },
		{ "seccomp", "main.1 has confined itself (seccomp)" },
		{ "strict", "not seen in it after it confined itself" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct sabot_run r;
		char yaml[512];

		snprintf(yaml, sizeof(yaml), CONFINED("%s") "expect: {clean-exit: holds}\n", all[i].how);
		r = run_text(yaml, "-v");
		SAYS(r.out, all[i].says);
		SAYS(r.out, "clean-exit holds");
		SAYS(r.out, i < 2 ? "1 as expected" : "no-loss unknown");
		sabot_run_fini(&r);
	}
}

Test(confined, what_it_forbids_itself_is_not_done_in_it)
{
	static const char *const faults[] = {
		"at: read, do: {short: 1}", "at: read, do: reset", "at: read, do: {pause: {role: self, for: 1ms}}",
		"at: write, do: {fail: ENOBUFS}", "at: write, do: hangup", "at: write, do: {kill: self}",
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		expect_struck("prctl", faults[i], 1, "1 vacuous");
		expect_struck("seccomp", faults[i], 1, "has confined itself (seccomp), and would be killed");
	}
}

Test(confined, what_it_does_not_forbid_is)
{
	expect_struck("wide", "at: read, nth: 2, do: {short: 1}", 0, "1 as expected");
	expect_struck("wide", "at: write, nth: 2, do: {kill: self}", 1, "clean-exit violated");
	expect_struck("prctl", "at: read, do: {delay: 1ms}", 0, "1 as expected");
}
