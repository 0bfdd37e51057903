/* SPDX-License-Identifier: MIT */
/* Where the bare memory of a segment begins: what lies below belongs to the ring of link_memory.c. */
#ifndef CORE_TECHNIQUES_PROBES_MEMORY_H
#define CORE_TECHNIQUES_PROBES_MEMORY_H

enum { MEMORY_BARE = 40 * 1024 };

#endif
