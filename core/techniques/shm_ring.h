/* SPDX-License-Identifier: MIT */
/*
 * A ring of bytes in shared memory with one writer and one reader, in two processes or threads, and no lock. Records
 * are contiguous and aligned to 8 bytes: a length word, then the content.
 *
 * What makes it fast: each side keeps its own position in memory of its own and publishes it when it likes, so many
 * records cost one shared store; the other side's position is read again only when the last one seen is used up; and
 * the two positions lie in cache lines of their own. The kernel is called only by a side that has nothing to do, and
 * by the side that wakes it.
 *
 * What makes it safe: the writer owns `tail`, the reader owns `head`, nobody ever goes back. A process killed at any
 * instruction leaves records that are whole and published, or not there.
 */
#ifndef CORE_TECHNIQUES_SHM_RING_H
#define CORE_TECHNIQUES_SHM_RING_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/techniques/shm_futex.h"

/* A side that is about to sleep says so; whoever finds it asleep wakes it. */
struct shm_bell {
	_Alignas(64) _Atomic uint32_t asleep;
};

struct shm_ring {
	_Alignas(64) _Atomic uint64_t tail;	/* bytes published by the writer */
	_Alignas(64) _Atomic uint64_t head;	/* bytes given back by the reader */
	_Alignas(64) unsigned char bytes[];	/* a power of two, known to both sides */
};

/* The view of one side, in its own memory. */
struct shm_ring_end {
	struct shm_ring *ring;
	uint64_t capacity;
	uint64_t mine;		/* where I am: written or read up to here */
	uint64_t published;	/* what the other side knows of it */
	uint64_t theirs;	/* the other side's position when I last looked */
};

enum { SHM_RING_WORD = 8 };
#define SHM_RING_WRAP UINT64_MAX	/* instead of a length: nothing more up to the end, go on at the start */

/* Bytes of memory for a ring with room for `capacity` bytes, a power of two. */
static inline size_t shm_ring_size(uint64_t capacity)
{
	return sizeof(struct shm_ring) + (size_t)capacity;
}

/* Either side's view, beginning where the ring is now. */
static inline struct shm_ring_end shm_ring_join(struct shm_ring *ring, uint64_t capacity, bool writer)
{
	uint64_t tail = atomic_load(&ring->tail), head = atomic_load(&ring->head);

	return (struct shm_ring_end){ .ring = ring, .capacity = capacity, .mine = writer ? tail : head,
		.published = writer ? tail : head, .theirs = writer ? head : tail };
}

static inline uint64_t shm_ring_span(uint64_t n)
{
	return SHM_RING_WORD + ((n + 7) & ~(uint64_t)7);
}

static inline uint64_t *shm_ring_word(const struct shm_ring_end *e)
{
	return (uint64_t *)(void *)(e->ring->bytes + (e->mine & (e->capacity - 1)));
}

/* ---- the writer ---- */

/* Is there room for a record of n bytes (n at most half the capacity)? If so, where to write it; else NULL. */
static inline void *shm_ring_reserve(struct shm_ring_end *w, uint64_t n)
{
	uint64_t span = shm_ring_span(n), to_end = w->capacity - (w->mine & (w->capacity - 1));
	uint64_t need = to_end < span ? to_end + span : span;

	if (w->mine + need - w->theirs > w->capacity) {
		w->theirs = atomic_load_explicit(&w->ring->head, memory_order_acquire);
		if (w->mine + need - w->theirs > w->capacity)
			return NULL;
	}
	if (to_end < span) {
		*shm_ring_word(w) = SHM_RING_WRAP;
		w->mine += to_end;
	}
	*shm_ring_word(w) = n;
	return shm_ring_word(w) + 1;
}

/* The record of n bytes that was reserved is written. The reader learns of it with shm_ring_publish(). */
static inline void shm_ring_commit(struct shm_ring_end *w, uint64_t n)
{
	w->mine += shm_ring_span(n);
}

/* Shows the reader all that was committed. True: something was. The reader may be asleep: see shm_bell_ring(). */
static inline bool shm_ring_publish(struct shm_ring_end *w)
{
	if (w->mine == w->published)
		return false;
	atomic_store_explicit(&w->ring->tail, w->mine, memory_order_release);
	w->published = w->mine;
	return true;
}

/* ---- the reader ---- */

/* The next record and its length, or NULL: none is published. It stays valid until shm_ring_give_back(). */
static inline const void *shm_ring_peek(struct shm_ring_end *r, uint64_t *n)
{
	uint64_t length;

	for (;;) {
		if (r->mine == r->theirs) {
			r->theirs = atomic_load_explicit(&r->ring->tail, memory_order_acquire);
			if (r->mine == r->theirs)
				return NULL;
		}
		length = *shm_ring_word(r);
		if (length != SHM_RING_WRAP)
			break;
		r->mine += r->capacity - (r->mine & (r->capacity - 1));
	}
	/* The other process may write nonsense: never look beyond the end of the ring. */
	if (length > r->capacity - (r->mine & (r->capacity - 1)) - SHM_RING_WORD)
		length = r->capacity - (r->mine & (r->capacity - 1)) - SHM_RING_WORD;
	*n = length;
	return shm_ring_word(r) + 1;
}

/* Done with the record of n bytes. The writer gets the room with shm_ring_give_back(). */
static inline void shm_ring_release(struct shm_ring_end *r, uint64_t n)
{
	r->mine += shm_ring_span(n);
}

/* Gives the writer the room of all that was released. True: some was. */
static inline bool shm_ring_give_back(struct shm_ring_end *r)
{
	if (r->mine == r->published)
		return false;
	atomic_store_explicit(&r->ring->head, r->mine, memory_order_release);
	r->published = r->mine;
	return true;
}

/* ---- sleeping and waking ---- */

/*
 * Wakes who sleeps by this bell. The fence orders the position published just now before the look at `asleep`; the
 * sleeper's fence orders its `asleep` before its last look at the position: one of the two sees the other.
 */
static inline void shm_bell_ring(struct shm_bell *b)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&b->asleep, memory_order_relaxed)) {
		atomic_store(&b->asleep, 0);
		shm_futex_wake(&b->asleep);
	}
}

/*
 *   shm_bell_set(b);
 *   if (nothing to do, looked at once more)
 *   	shm_bell_sleep(b);
 *   shm_bell_clear(b);
 */
static inline void shm_bell_set(struct shm_bell *b)
{
	atomic_store(&b->asleep, 1);
	atomic_thread_fence(memory_order_seq_cst);
}

static inline void shm_bell_sleep(struct shm_bell *b)
{
	shm_futex_wait(&b->asleep, 1);
}

static inline void shm_bell_clear(struct shm_bell *b)
{
	atomic_store_explicit(&b->asleep, 0, memory_order_relaxed);
}

#endif
