/* SPDX-License-Identifier: MIT */
#include "tests/support/scenario_text.h"

#include "core/base/banned.h"

struct sabot_run run_text(const char *yaml, const char *extra)
{
	char *directory = test_directory();
	struct sabot_run r;

	test_file(directory, "scenario.yaml", yaml);
	r = sabot_run(directory, NULL, (const char *[]){ "run", "scenario.yaml", extra, NULL });
	test_directory_remove(directory);
	return r;
}

void expect(const char *yaml, int code, const char *says)
{
	struct sabot_run r = run_text(yaml, NULL);

	cr_assert_eq(r.code, code, "exit %d instead of %d\n%s%s", r.code, code, r.out, r.err);
	if (says && !strstr(r.out, says) && !strstr(r.err, says))
		cr_assert_fail("\"%s\" is not in:\n%s%s", says, r.out, r.err);
	sabot_run_fini(&r);
}
