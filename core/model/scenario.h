/* SPDX-License-Identifier: MIT */
/*
 * A scenario, ready to run: what load/ makes of one YAML document and one combination of its matrix. All strings are
 * owned by the scenario and freed by scenario_free(). A reference implementation has become roles like any other.
 */
#ifndef CORE_MODEL_SCENARIO_H
#define CORE_MODEL_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/plan.h"

enum { SCENARIO_ROLES = 32, SCENARIO_EXPECTS = 40, SCENARIO_TAGS = 16, SCENARIO_MISTAKES = 16 };

enum ready { READY_BY_DEFAULT, READY_BY_LISTEN, READY_BY_PATH, READY_BY_OUTPUT, READY_BY_START };

struct role_limits {
	int64_t nofile, as, fsize, stack, msgqueue, sigpending;	/* setrlimit(2) soft and hard; -1: as inherited */
};

/* One entry of `roles:`. `count` instances of it run: name, name/2, … */
struct role {
	char *name;
	char **run; /* argv, NULL-terminated; ${TMP}, ${PORT}, ${ID}, ${KEY} still to be expanded by the runner */
	char **env;		/* "A=b", NULL-terminated */
	char *directory;	/* working directory: that of the scenario file; absolute */
	enum ready ready;
	char *ready_text;	/* path, or extended regular expression */
	int stop;		/* signal that ends a service; 0: not given */
	bool driver;
	bool restart;		/* a service that is started again when it has died */
	uint32_t count;		/* >= 1 */
	char *after;		/* role name; NULL none */
	char *input;		/* text for stdin; NULL: /dev/null */
	struct role_limits limits;
	int line;
};

/* What the workload of a reference implementation is; the properties need it to know what applies. */
enum pattern {
	PATTERN_NONE,
	PATTERN_ECHO,
	PATTERN_ONE_WAY,
	PATTERN_FAN_IN,
	PATTERN_FAN_OUT,
	PATTERN_BULK,
	PATTERN_REQUEST_REPLY,
	PATTERN_SLOW_READER,
	N_PATTERNS
};

struct workload {
	enum pattern pattern;
	uint32_t messages, window;
	uint64_t size_min, size_max;
	int64_t pace_ns;	/* slow-reader: between two receives */
};

struct reference {
	char *technique;	/* NULL: roles of the user's own */
	char *server_design;	/* NULL: the technique's default */
	bool server_restart;
	char *server_mistakes[SCENARIO_MISTAKES], *client_mistakes[SCENARIO_MISTAKES];
	size_t n_server_mistakes, n_client_mistakes;
	uint32_t n_clients;
	struct workload workload;
};

enum verdict_value { VERDICT_NOT_APPLICABLE, VERDICT_HOLDS, VERDICT_VIOLATED, VERDICT_UNKNOWN };

struct expect {
	char *property;			/* name; "exit" has its own form */
	enum verdict_value verdict;
	char *exit_role;		/* "exit": role name … */
	int exit_code;			/* … and its status */
	char *benign;			/* a reason: whatever this property says is not counted; NULL none */
	int line;
};

struct scenario {
	char *file;		/* as given on the command line */
	char *name;		/* file name without .yaml; with [a=1,b=2] for a combination of the matrix */
	char *title, *about, *claim_text, *claim_source;
	char *tags[SCENARIO_TAGS];
	size_t n_tags;
	struct reference reference;
	struct role roles[SCENARIO_ROLES];
	size_t n_roles;
	struct plan_fault faults[PLAN_FAULTS];
	char *fault_texts[PLAN_FAULTS];	/* the action as written: "short: 3" */
	size_t n_faults;
	struct expect expects[SCENARIO_EXPECTS];
	size_t n_expects;
	int64_t timeout_ns;	/* default 5 s */
	uint64_t seed;
	uint32_t repeat;
	bool probe;		/* after the drivers have ended, each runs once more with no further fault */
	enum realism realism;
	char *unavailable; /* a feature of the format that is not available yet: skip with this reason; NULL none */
};

struct scenario *scenario_new(void);			/* defaults filled in; the caller owns it */
struct scenario *scenario_free(struct scenario *s);	/* NULL is fine; returns NULL */
/* What is said of this property; NULL: nothing. The scenario owns it. */
const struct expect *scenario_expect(const struct scenario *s, const char *property);
/* Why what this property says is not counted (`benign:`); NULL: it counts. The scenario owns it. */
const char *scenario_benign(const struct scenario *s, const char *property);

extern const char *const pattern_names[N_PATTERNS];
extern const char *const verdict_names[4];	/* "n/a", "holds", "violated", "unknown" */

#endif
