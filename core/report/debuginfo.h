/* SPDX-License-Identifier: MIT */
/*
 * One ELF file's debug information and symbols. With scopes.c and tail.c, which it uses, the only place that knows
 * libdw; used by site.c under its lock.
 */
#ifndef CORE_REPORT_DEBUGINFO_H
#define CORE_REPORT_DEBUGINFO_H

#include <stdint.h>

#include "core/report/site.h"

struct debuginfo;

/* Opens the file. NULL if it is no ELF file or cannot be read. debuginfo_free() closes it and returns NULL. */
struct debuginfo *debuginfo_new(const char *path);
struct debuginfo *debuginfo_free(struct debuginfo *d);
/*
 * Fills what is known of the call that returns to `offset` (from the load bias): all but module and offset. `call` is
 * the function of libc that was called there, or by a jump from what was called there; NULL: not known.
 */
void debuginfo_find(struct debuginfo *d, uint64_t offset, const char *call, struct site *out);

#endif
