/* SPDX-License-Identifier: MIT */
/* What came of one scenario: everything that the reporters show. Plain data; lives in memory shared with the worker. */
#ifndef CORE_MODEL_RESULT_H
#define CORE_MODEL_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/outcome.h"
#include "core/model/property.h"

enum status { STATUS_AS_EXPECTED, STATUS_NOT_AS_EXPECTED, STATUS_VACUOUS, STATUS_BROKEN, STATUS_SKIPPED, N_STATUS };
extern const char *const status_names[N_STATUS];	/* as in the JSON: "as-expected", … */

enum { RESULT_PROPERTIES = 32, RESULT_DIAGRAM = 8192 };

struct property_result {
	char name[32];
	enum verdict_value verdict, expected;
	bool asked;		/* the file names it (else: "every applicable property holds") */
	bool as_expected;
	bool benign;
	char why[VERDICT_WHY];
};

struct fault_result {
	char in[ROLE_NAME], at[32], action[64];
	uint64_t seen;
	uint32_t fired, refused;
	char why[256];		/* vacuous: "fault 2 never fired: server made 3 recv calls, nth was 5" */
	char site[128];		/* of the last strike: "server.c:57 (next_line)" */
	char call[32];		/* of the last strike: "recv"; "" not known */
	char channel[ROLE_NAME * 2 + 16];	/* of the last strike: "client/2→server#1"; "" not known */
};

struct result {
	enum status status;
	char why[512];
	uint64_t seed;
	uint32_t repeats;	/* runs made */
	uint32_t n_properties, n_faults;
	struct property_result properties[RESULT_PROPERTIES];
	struct fault_result faults[PLAN_FAULTS];
	char exits_why[256];	/* `expect: exit:` that was not met; "" fine */
	char diagram[RESULT_DIAGRAM];	/* the messages around what broke, as a small sequence diagram; "" none */
	char notes[1024];	/* what sabot has to say about the run (no namespaces, a blind process …), one a line */
	struct outcome outcome;	/* of the last run, or of the first that was not as expected */
};

#endif
