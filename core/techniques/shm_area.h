/* SPDX-License-Identifier: MIT */
/*
 * What lies in a shared segment of the reference implementations: a head, the locks of the technique, and boxes. A
 * box is a bounded buffer of whole messages (the "producer and consumer" of the books).
 *
 * A record is filled first and counted last, with release order, so a process that is killed at any instruction
 * leaves either a whole record or none. Who may touch a box when is the technique's business: that is what its locks
 * are for.
 */
#ifndef CORE_TECHNIQUES_SHM_AREA_H
#define CORE_TECHNIQUES_SHM_AREA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/techniques/impl.h"

enum {
	SHM_CLIENTS = 64,		/* most clients of a segment */
	SHM_BOXES = 2 * SHM_CLIENTS + 1,
	SHM_SLOTS = 8,			/* records that a box holds */
};

#define SHM_SLICE_NS (100 * MS)		/* nobody sleeps longer without looking whether the other side is still alive */

struct shm_box {
	_Alignas(64) _Atomic uint64_t taken;	/* records taken out so far */
	_Alignas(64) _Atomic uint64_t put;	/* records put in so far; those in the box: put - taken */
};

struct shm_area {
	_Atomic uint32_t magic;		/* stored last: whoever sees it sees a segment that is ready */
	uint32_t n_boxes;
	uint32_t design;		/* enum ref_design of the server: clients do as it does */
	uint64_t size;			/* bytes of the whole segment */
	uint64_t locks, slots;		/* offsets */
	uint64_t slot_size;
	_Atomic int32_t pids[SHM_CLIENTS + 1];	/* 0: the server, i: client i; 0 not there yet */
	struct shm_box boxes[SHM_BOXES];
};

/*
 * Bytes that a segment with n_boxes boxes for the messages of o needs; `locks` bytes of it are the technique's own.
 */
size_t shm_area_size(const struct ref_options *o, uint32_t n_boxes, size_t locks);
/*
 * Lays out zeroed memory of that size. shm_area_open() makes it visible to clients, when the locks are made as
 * well.
 */
void shm_area_init(struct shm_area *a, const struct ref_options *o, uint32_t n_boxes, size_t locks);
void shm_area_open(struct shm_area *a);
/*
 * Is what a client mapped (`size` bytes by fstat() or IPC_STAT) a segment of ours, whole, and big enough for o's
 * messages and n_boxes boxes? Enters the client's pid. LINK_OK, or LINK_FAILED (said).
 */
enum link_end shm_area_join(struct shm_area *a, size_t size, const struct ref_options *o, uint32_t n_boxes,
	size_t locks);
/* The technique's own part. */
void *shm_area_locks(struct shm_area *a);

/* The record to fill next, and counting it; the oldest record, and giving it back. The caller knows that it may. */
bool shm_box_full(struct shm_area *a, uint32_t box);
bool shm_box_empty(struct shm_area *a, uint32_t box);
struct message *shm_box_blank(struct shm_area *a, uint32_t box);
void shm_box_publish(struct shm_area *a, uint32_t box);
const struct message *shm_box_oldest(struct shm_area *a, uint32_t box);
void shm_box_release(struct shm_area *a, uint32_t box);

/*
 * Copies a message into a record or out of it. Nothing in shared memory is believed: out of a record comes at most
 * what fits into a record, whatever its length field says; returns the bytes.
 */
void shm_record_fill(struct message *record, const struct message *m);
size_t shm_record_copy(struct shm_area *a, struct message *m, const struct message *record);

/* Has that process ended (a zombie has)? 0, "not there yet", has not. Keeps errno. */
bool shm_process_gone(int pid);

/*
 * A segment may be truncated by anybody who may write to it; who then touches the missing pages gets SIGBUS. From now
 * on that ends the process with a sentence and status 1, not with a crash; before, remove_objects (which must be
 * async-signal-safe; NULL: nothing to remove) is called.
 */
void shm_guard_truncation(void (*remove_objects)(void));

/* The end of this sleep: a slice from now, or the deadline (0: none) if that is earlier; CLOCK_MONOTONIC. */
int64_t shm_slice_end(int64_t deadline_ns);

#endif
