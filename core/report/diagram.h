/* SPDX-License-Identifier: MIT */
/*
 * A sequence diagram of what happened around one event: processes are columns, time runs down, sends are arrows to who
 * received them, strikes and deaths stand where they happened. At most 100 columns and 24 lines, all with a newline.
 */
#ifndef CORE_REPORT_DIAGRAM_H
#define CORE_REPORT_DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/result.h"

enum { DIAGRAM_LINES = 24, DIAGRAM_CONTEXT = 8 };

/*
 * Appends the diagram of at most `context` steps before and after event `centre` (an index into h->events; beyond the
 * end means the last one). Nothing is appended if there is nothing to show. Reads the files of the programs for source
 * lines (site.h); not async-signal-safe.
 */
void diagram_draw(const struct history *h, size_t centre, unsigned context, bool utf8, struct str *out);
/*
 * The event that a diagram of this run should be around: the first strike, else the first call that never returned,
 * else the last event.
 */
size_t diagram_centre(const struct history *h);
/*
 * Fills the places of the last strikes (faults[i].site, call, channel; only what the history knows) and r->diagram
 * around `centre`, cut at a line end to its room.
 */
void diagram_fill(const struct history *h, size_t centre, bool utf8, struct result *r);

#endif
