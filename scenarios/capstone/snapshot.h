/* SPDX-License-Identifier: MIT */
/*
 * The table in shared memory, for any number of readers that the writer does not wait for: two slots, and a version
 * that says which of them is whole. The writer fills the other one and then counts the version up. A reader copies and
 * looks at the version again: if it has not changed, nobody has touched what it copied.
 *
 * Readers hold no lock, so one that dies or dawdles in the middle holds up nobody; they map it read-only and the
 * kernel refuses them more (seals). A writer that dies in the middle leaves the last whole table in place.
 */
#ifndef SCENARIOS_CAPSTONE_SNAPSHOT_H
#define SCENARIOS_CAPSTONE_SNAPSHOT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "scenarios/capstone/table.h"

enum { TABLE_WORDS = sizeof(struct table) / sizeof(uint64_t) };
static_assert(sizeof(struct table) == TABLE_WORDS * sizeof(uint64_t), "copied by words");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock in shared memory would be somebody's");

struct snapshot {
	_Atomic uint64_t version;
	_Atomic uint64_t slots[2][TABLE_WORDS];
};

/*
 * The writer: makes the segment. *fd is for the readers. The mapping, or NULL (said).
 */
struct snapshot *snapshot_make(int *fd);
/* A reader: maps what it was sent. NULL (said) if it is no such segment. */
const struct snapshot *snapshot_map(int fd);
void snapshot_unmap(const struct snapshot *s);

void snapshot_publish(struct snapshot *s, const struct table *t);
/* The mistake: writes one half of t (0 or 1) over what readers are looking at. */
void snapshot_overwrite(struct snapshot *s, const struct table *t, int half);

/* Copies the latest table. It waits for nobody: it begins again only if the writer has got ahead meanwhile. */
void snapshot_read(const struct snapshot *s, struct table *t);

#endif
