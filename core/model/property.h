/* SPDX-License-Identifier: MIT */
/*
 * A property: a named pure function of history and outcome. It reads no clock, no errno, no /proc: the same history
 * gives the same verdict for ever. One property a file, one row in core/check/properties.def.
 */
#ifndef CORE_MODEL_PROPERTY_H
#define CORE_MODEL_PROPERTY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/history/history.h"
#include "core/model/outcome.h"
#include "core/model/scenario.h"

enum { VERDICT_WHY = 256, VERDICT_EVIDENCE = 8 };

struct verdict {
	enum verdict_value value;
	char why[VERDICT_WHY];	/* one sentence when violated or unknown, or why it does not apply */
	uint32_t evidence[VERDICT_EVIDENCE];	/* indexes into history.events */
	uint32_t n_evidence;
};

/* What a technique promises to the properties, so that one that makes no sense for it is n/a. */
enum trait {
	TRAIT_CONNECTION = 1,	/* connection-oriented */
	TRAIT_BOUNDARIES = 2,	/* keeps message boundaries itself */
	TRAIT_RELIABLE = 4,	/* does not lose by itself */
	TRAIT_ORDERED = 8,
	TRAIT_PRIORITY = 16,
	TRAIT_SERVER = 32,	/* has a server with designs */
	TRAIT_MEMORY = 64,	/* bare shared memory with a protocol on top */
	TRAIT_DATA = 128,	/* carries messages with content (signal and eventfd do not) */
	TRAIT_FLOW = 256,	/* a full channel makes the sender wait or be told */
};

struct property_input {
	const struct history *history;
	const struct outcome *outcome;
	const struct scenario *scenario;
	const struct outcome *baseline;	/* the fault-free run, for same-output; NULL: none was made */
	uint32_t traits;		/* enum trait of the technique; for the user's own programs TRAIT_DATA alone */
};

struct property {
	const char *name;
	const char *summary;	/* one line for `sabot list properties` */
	const char *about;	/* delivery, order, connection, flow, liveness, processes, what is left, tools */
	bool needs_all_events;	/* a history with lost events makes it unknown before check is called */
	bool needs_baseline;
	bool uses_baseline;	/* sees more with one, made if the scenario names the property */
	/*
	 * Is the question senseless here? NULL: it always applies. Returns NULL if it applies, else the reason (a
	 * literal).
	 */
	const char *(*senseless)(const struct property_input *in);
	/* Fills *out, which comes as { VERDICT_HOLDS, "" }. Any thread; allocates and frees its own state. */
	void (*check)(const struct property_input *in, struct verdict *out);
	/* Not available in this build or version: the reason. NULL: it is available. */
	const char *unavailable;
};

extern const struct property *const property_table[];	/* core/check/properties.def */
extern const size_t n_properties;
const struct property *property_find(const char *name);	/* NULL: none */

/* Runs one property with all the rules of this header. */
void property_check(const struct property *p, const struct property_input *in, struct verdict *out);
/* Marks *out violated (or unknown) with a sentence; the first one stays. */
void verdict_set(struct verdict *out, enum verdict_value value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void verdict_evidence(struct verdict *out, size_t event);

#endif
