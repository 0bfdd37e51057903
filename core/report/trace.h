/* SPDX-License-Identifier: MIT */
/* A history written out event by event, for `sabot trace`. One format a file, one row in core/report/traces.def. */
#ifndef CORE_REPORT_TRACE_H
#define CORE_REPORT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/history/history.h"

struct trace {
	FILE *out;
	bool utf8;
	size_t n_histories; /* to come in all */
	size_t n_done; /* written so far */
	void *state; /* the format's own */
};

struct trace_format {
	const char *name, *summary;
	/* Each may be NULL. 0, or -errno. `name` is the scenario's. */
	int (*begin)(struct trace *t);
	int (*history)(struct trace *t, const char *name, const struct history *h);
	int (*end)(struct trace *t); /* frees state */
};

extern const struct trace_format *const trace_table[];
extern const size_t n_traces;
const struct trace_format *trace_find(const char *name); /* NULL: none */

/* When the call of an event began, and how long it took, in ns since the start of the run. Pure. */
int64_t trace_start_ns(const struct history *h, const struct history_event *e);
int64_t trace_length_ns(const struct history *h, const struct history_event *e);
/* What was asked for: bytes, or a timeout in ms that may be negative. Pure. */
int64_t trace_asked(const struct history_event *e);
/* Source line of an event, "" if it has none; see site_text(). */
void trace_site(const struct history *h, const struct history_event *e, char *out, size_t size);
/* Name of the event's channel, NULL if it has none. */
const char *trace_channel(const struct history *h, const struct history_event *e);
/* "call", "strike", "fork" … */
const char *trace_kind(uint8_t kind);

#endif
