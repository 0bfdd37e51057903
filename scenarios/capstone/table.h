/* SPDX-License-Identifier: MIT */
/*
 * The table: for each client a row with the sum of its updates. It is plain data without pointers, so that the same
 * bytes are the file, the snapshot and the table itself. What has been applied is kept in it, beside what came of it:
 * a file that had the one without the other would apply an update twice, or never.
 */
#ifndef SCENARIOS_CAPSTONE_TABLE_H
#define SCENARIOS_CAPSTONE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum { ROWS = 16 };

struct row {
	uint64_t last;		/* sequence of the last update applied */
	int64_t value;
};

struct table {
	uint64_t generation;	/* updates applied in all */
	int64_t total;		/* of all rows */
	struct row rows[ROWS];	/* by id of the client; 0 is nobody's */
	uint64_t checksum;	/* of all before it */
};

enum applied { APPLIED, APPLIED_BEFORE, OUT_OF_TURN };

/* The checksum that the content has, whatever the member says. */
uint64_t table_checksum(const struct table *t);
/* Checksum right, and the rows add up to the total? */
bool table_is_whole(const struct table *t);
/* Applies the client's update of this sequence, once. again_too: the mistake of applying it whenever it comes. */
enum applied table_apply(struct table *t, uint32_t id, uint64_t sequence, int64_t amount, bool again_too);

/*
 * Reads the table of a directory (a descriptor); an empty one if there is no file. 0, or 1 (said) if it cannot be
 * read or is not whole.
 */
int table_load(int directory, struct table *t);
/*
 * Replaces the file: after a crash at any moment there is either the old table or the new one. Durable when it returns
 * 0; 1 (said): the old one stays. in_place: the mistake of writing over the old file.
 */
int table_store(int directory, const struct table *t, bool in_place);

#endif
