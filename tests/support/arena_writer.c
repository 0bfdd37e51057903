/* SPDX-License-Identifier: MIT */
#include "tests/support/arena_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/base/banned.h"

struct arena *arena_for_test(uint32_t n_chunks)
{
	char directory[] = "/tmp/sabot-test-XXXXXX";
	struct arena *a = NULL;
	char *path;

	if (!mkdtemp(directory))
		abort();
	path = mem_printf("%s/arena", directory);
	if (arena_new(path, n_chunks, &a))
		abort();
	unlink(path);
	rmdir(directory);
	free(path);
	return a;
}

uint32_t arena_proc(struct arena *a, const char *name, uint32_t parent)
{
	uint32_t i = atomic_fetch_add(&a->n_procs, 1);
	struct proc *p = &a->procs[i];

	p->pid = 1000 + (int32_t)i;
	p->parent = parent;
	text_copy(p->name, sizeof(p->name), name);
	atomic_store(&p->state, PROC_ALIVE);
	return i;
}

uint32_t arena_object(struct arena *a, enum object_kind kind, uint32_t proc, uint32_t flags, const char *name)
{
	uint32_t i = atomic_fetch_add(&a->n_objects, 1);
	struct object *o = &a->objects[i];

	o->kind = kind;
	o->proc = proc;
	atomic_store(&o->flags, flags);
	text_copy(o->name, sizeof(o->name), name);
	atomic_store(&o->state, 2);
	return i + 1;
}

void arena_peers(struct arena *a, uint32_t object, uint32_t peer)
{
	atomic_store(&a->objects[object - 1].peer, peer);
	atomic_store(&a->objects[peer - 1].peer, object);
}

static uint32_t chunk_add(struct arena *a, uint32_t proc)
{
	uint32_t index = atomic_fetch_add(&a->next_chunk, 1), last;

	if (index >= a->n_chunks)
		return 0;
	a->chunks[index].proc = proc;
	atomic_store(&a->chunks[index].next, 0);
	atomic_store(&a->chunks[index].used, 0);
	last = atomic_exchange(&a->procs[proc].last_chunk, index + 1);
	atomic_store(last ? &a->chunks[last - 1].next : &a->procs[proc].first_chunk, index + 1);
	return index + 1;
}

struct event *arena_event_new(struct arena *a, uint32_t proc)
{
	uint32_t chunk = atomic_load(&a->procs[proc].last_chunk);

	if (!chunk)
		chunk = chunk_add(a, proc);
	while (chunk) {
		uint32_t i = atomic_fetch_add(&a->chunks[chunk - 1].used, 1);
		uint32_t last;

		if (i < CHUNK_EVENTS)
			return &a->chunks[chunk - 1].events[i];
		last = atomic_load(&a->procs[proc].last_chunk);
		chunk = last != chunk ? last : chunk_add(a, proc);
	}
	atomic_fetch_add(&a->lost, 1);
	atomic_fetch_add(&a->procs[proc].lost, 1);
	return NULL;
}

void arena_event_seal(struct arena *a, struct event *e)
{
	__atomic_store_n(&e->seal, atomic_load(&a->generation), __ATOMIC_RELEASE);
}

void arena_event_add(struct arena *a, uint32_t proc, const struct event *e)
{
	struct event *slot = arena_event_new(a, proc);

	if (!slot)
		return;
	memcpy(slot, e, offsetof(struct event, seal));
	arena_event_seal(a, slot);
}

void arena_text_add(struct arena *a, uint32_t proc, uint32_t tid, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t n = left < EVENT_TEXT ? left : EVENT_TEXT;
		struct event e = { .kind = EV_TEXT, .tid = tid, .stamp = 1, .error = (int16_t)n };

		memcpy(event_text(&e), text, n);
		text += n;
		left -= n;
		e.flags = left ? EVF_MORE : 0;
		arena_event_add(a, proc, &e);
	}
}
