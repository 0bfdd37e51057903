/* SPDX-License-Identifier: MIT */
/*
 * A writer of events that keeps to the protocol of core/history/arena.h, as the injector does: for tests of what reads
 * them. All of it may be used by several processes and threads at once.
 */
#ifndef TESTS_SUPPORT_ARENA_WRITER_H
#define TESTS_SUPPORT_ARENA_WRITER_H

#include "core/history/arena.h"

/* An arena in a private directory that is removed at once; aborts if there is none to be had. arena_free() frees it. */
struct arena *arena_for_test(uint32_t n_chunks);
/* A process of this name; parent is an index + 1 or 0. Returns its index. */
uint32_t arena_proc(struct arena *a, const char *name, uint32_t parent);
/* An object, ready. Returns its index + 1. */
uint32_t arena_object(struct arena *a, enum object_kind kind, uint32_t proc, uint32_t flags, const char *name);
void arena_peers(struct arena *a, uint32_t object, uint32_t peer);
/* A slot to fill, or NULL: the arena is full (counted). */
struct event *arena_event_new(struct arena *a, uint32_t proc);
void arena_event_seal(struct arena *a, struct event *e);
/* A whole event: *e without its seal. */
void arena_event_add(struct arena *a, uint32_t proc, const struct event *e);
/* EV_TEXT after the event before it, in pieces as need be. */
void arena_text_add(struct arena *a, uint32_t proc, uint32_t tid, const char *text);

#endif
