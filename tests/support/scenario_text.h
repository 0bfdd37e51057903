/* SPDX-License-Identifier: MIT */
/* Scenarios as texts in a test, and what `sabot run` says of them. */
#ifndef TESTS_SUPPORT_SCENARIO_TEXT_H
#define TESTS_SUPPORT_SCENARIO_TEXT_H

#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/sabot_run.h"

#define HEADER "sabot: 1\ntitle: a test\n"
#define TARGET "$SABOT_PROGRAMS/target"
#define DRIVER(args) HEADER "roles:\n  main:\n    run: [" TARGET ", " args "]\n    driver: true\n"
#define PAIR(mode, client) \
	HEADER "roles:\n" \
	       "  server:\n    run: [" TARGET ", " mode ", \"${TMP}/s\"]\n    stop: TERM\n" \
	       "  client:\n    run: [" TARGET ", " client ", \"${TMP}/s\"]\n    driver: true\n    after: server\n"
#define SAYS(text, what) cr_assert_not_null(strstr((text), (what)), "\"%s\" is not in:\n%s", (what), (text))

/* Runs one scenario made of this text; extra: one more option or NULL. */
struct sabot_run run_text(const char *yaml, const char *extra);
/* The same, and asserts the exit code and that its output or its errors contain `says` (NULL: anything). */
void expect(const char *yaml, int code, const char *says);

#endif
