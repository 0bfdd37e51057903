/* SPDX-License-Identifier: MIT */
/*
 * Tail calls. A function that ends in `return read(…)` jumps there, so the call returns to the caller of that function,
 * and its own line is not on the stack. Used by debuginfo.c, under the lock of site.c.
 */
#ifndef CORE_REPORT_TAIL_H
#define CORE_REPORT_TAIL_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

enum { TAIL_NAME = 64, TAIL_PLACES = 16 };

struct tail {
	char function[TAIL_NAME];	/* what was called and went on by a jump; "" its name is not known */
	uint64_t places[TAIL_PLACES];	/* behind each jump that may have made the call, as far as they are known */
	size_t n_places;
};

/*
 * Was the call of `call` (a function of libc) that returns to `offset` made by a jump from what was called there? The
 * code says so: what it called is a function of this module, not one of libc. false: no.
 */
bool tail_find(Dwfl_Module *module, uint64_t offset, const char *call, struct tail *out);
/* Was what returns to `offset` called by a pointer? Then it may be a function that ends in the call by a jump. */
bool is_called_by_pointer(Dwfl_Module *module, uint64_t offset);

#endif
