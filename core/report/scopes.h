/* SPDX-License-Identifier: MIT */
/* What of a program's debug information is around an address. Under the lock of site.c. */
#ifndef CORE_REPORT_SCOPES_H
#define CORE_REPORT_SCOPES_H

#include <elfutils/libdwfl.h>

enum { SCOPES_MOST = 32 };

/* The compilation unit with code at address; addresses in it are less by *bias. NULL: none. */
Dwarf_Die *unit_find(Dwfl_Module *module, uint64_t address, Dwarf_Addr *bias);
/*
 * The function with code at address, and in it the blocks and what was inlined, innermost last; how many, at most
 * SCOPES_MOST. By the tree of what was compiled: what encloses an inlined function in the source is not its caller.
 */
int scopes_find(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die *out);

#endif
