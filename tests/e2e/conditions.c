/* SPDX-License-Identifier: MIT */
/* What happens to waits on a condition variable that nobody signals: those of the program condition. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

/* Both as it is and as ThreadSanitizer watches over its mutexes, if there is such a build. */
static void ends_with(const char *mode, const char *fault, int status)
{
	static const char *const programs[] = { "condition", "condition_tsan" };

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		char yaml[512], *path = test_program(programs[i]);

		snprintf(yaml, sizeof(yaml),
			HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/%s, %s]\n    driver: true\n%s%s"
			       "expect: {exit: {main: %d}, same-output: {benign: without the fault it waits}}\n",
			programs[i], mode, *fault ? "faults:\n  - " : "", fault, status);
		if (access(path, X_OK) == 0)
			expect(yaml, 0, "1 as expected");
		free(path);
	}
}

#define AT(call, action) "{in: main, at: " call ", do: " action "}\n"

/* The mutex is held again, as after any other end of the wait. */
Test(conditions, a_wait_ends_for_nothing)
{
	ends_with("wait", AT("pthread_cond_wait", "again"), 0);
	ends_with("timedwait", AT("pthread_cond_timedwait", "again"), 0);
	ends_with("clockwait", AT("pthread_cond_clockwait", "again"), 0);
	ends_with("shared-wait", AT("lock, nth: 2", "again"), 0);
}

Test(conditions, the_time_is_over)
{
	ends_with("timedwait", AT("pthread_cond_timedwait", "{fail: ETIMEDOUT}"), 3);
	ends_with("clockwait", AT("pthread_cond_clockwait", "{fail: ETIMEDOUT}"), 3);
	ends_with("shared-timedwait", AT("pthread_cond_timedwait", "{fail: ETIMEDOUT}"), 3);
}

/* Somebody else has the mutex meanwhile. */
Test(conditions, the_mutex_is_let_go_of)
{
	ends_with("owner", "{in: main, at: pthread_cond_wait, always: true, do: again}\n", 0);
}

Test(conditions, a_wait_is_cancelled)
{
	ends_with("cancel", "", 0);
	ends_with("cancel", AT("pthread_cond_wait", "{delay: 5ms}"), 0);
	ends_with("cancel", "{in: main, at: pthread_cond_wait, always: true, do: again}\n", 0);
}

/* All that there is waits, and says where. */
Test(conditions, a_wait_for_ever_is_a_hang)
{
	struct sabot_run r = run_text(
		HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/condition, wait]\n    driver: true\n", "-v");

	cr_assert_eq(r.code, 1, "%s%s", r.out, r.err);
	SAYS(r.out, "no-hang violated");
	SAYS(r.out, "pthread_cond_wait");
	sabot_run_fini(&r);
}
