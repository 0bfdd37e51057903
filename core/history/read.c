/* SPDX-License-Identifier: MIT */
/*
 * From the arena to a history. Sends are stamped before the call and receives after it, so the order of the stamps
 * alone never puts a receipt before its sending. Equal stamps of one process stay in the order of its chunks.
 */
#include "core/history/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/history/internal.h"
#include "core/base/banned.h"

struct rank {
	uint64_t stamp;
	uint32_t proc, index;	/* the tie-break: each process's own order */
};

/* What is known of one thread of the process being read. */
struct writer {
	uint32_t tid;
	uint32_t last;		/* index of its last event + 1: texts belong to it */
	struct str text;
};

struct reader {
	const struct arena *a;
	struct history *h;
	size_t room;
	struct str text;
	struct writer *writers;
	size_t n_writers;
	uint32_t generation, n_chunks, n_claimed;
	bool *read;		/* by chunk: has been read */
};

static struct writer *writer_of(struct reader *r, uint32_t tid)
{
	for (size_t i = r->n_writers; i-- > 0;)
		if (r->writers[i].tid == tid)
			return &r->writers[i];
	r->writers = mem_grow(r->writers, (r->n_writers + 1) * sizeof(*r->writers));
	r->writers[r->n_writers] = (struct writer){ .tid = tid };
	return &r->writers[r->n_writers++];
}

static struct history_event *event_add(struct reader *r, const struct event *e, uint32_t proc)
{
	struct history *h = r->h;

	if (h->n_events == r->room) {
		r->room = r->room ? r->room * 2 : 256;
		h->events = mem_grow(h->events, r->room * sizeof(*h->events));
	}
	h->events[h->n_events] = (struct history_event){ .e = *e, .proc = proc };
	return &h->events[h->n_events++];
}

/* Payloads are bytes; what is kept of them is text. */
static void escaped_add(struct str *s, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= 0x20 && c != 0x7f)
			str_add_bytes(s, &bytes[i], 1);
		else if (c == '\n')
			str_add(s, "\\n");
		else if (c == '\t')
			str_add(s, "\\t");
		else
			str_addf(s, "\\x%02x", c);
	}
}

/* The text of the writer's last event is complete. */
static void text_end(struct reader *r, struct writer *w)
{
	if (w->last && w->text.length) {
		r->h->events[w->last - 1].text = (uint32_t)r->text.length + 1;
		str_add_bytes(&r->text, str_get(&w->text), w->text.length + 1);
	}
	str_clear(&w->text);
}

static void event_take(struct reader *r, const struct event *seen, uint32_t proc)
{
	struct event e = *seen;
	struct writer *w = writer_of(r, e.tid);

	if (e.kind == EV_TEXT) {
		if (w->last && e.error > 0)
			escaped_add(&w->text, event_text(&e), lesser((uint32_t)e.error, EVENT_TEXT));
		return;
	}
	text_end(r, w);
	event_add(r, &e, proc);
	w->last = (uint32_t)r->h->n_events;
}

/* Takes the events of one chunk; returns how many were claimed but never sealed. */
static uint32_t chunk_read(struct reader *r, const struct chunk *c, uint32_t proc)
{
	uint32_t used = lesser(atomic_load_explicit(&c->used, memory_order_acquire), CHUNK_EVENTS);
	uint32_t torn = 0;

	for (uint32_t i = 0; i < used; i++) {
		const struct event *e = &c->events[i];

		if (__atomic_load_n(&e->seal, __ATOMIC_ACQUIRE) != r->generation)
			torn++;
		else if (e->kind > EV_NONE && e->kind < N_EVENT_KINDS)
			event_take(r, e, proc);
	}
	return torn;
}

static void writers_end(struct reader *r)
{
	for (size_t i = 0; i < r->n_writers; i++) {
		text_end(r, &r->writers[i]);
		str_fini(&r->writers[i].text);
	}
	r->n_writers = 0;
}

static int proc_read(struct reader *r, uint32_t index)
{
	const struct proc *p = &r->a->procs[index];
	struct history_proc *hp = &r->h->procs[index];
	uint32_t next = atomic_load_explicit(&p->first_chunk, memory_order_acquire), this;

	*hp = (struct history_proc){ .role = p->role, .image = p->image, .pid = p->pid };
	hp->parent = p->parent <= r->h->n_procs ? p->parent : 0;
	text_copy(hp->name, sizeof(hp->name), p->name);
	while ((this = next)) {
		if (this > r->n_chunks || r->read[this - 1])
			return -EPROTO;
		r->read[this - 1] = true;
		/* before the events: if there is a next chunk by now, this one is full, and there is no gap */
		next = atomic_load_explicit(&r->a->chunks[this - 1].next, memory_order_acquire);
		hp->torn += chunk_read(r, &r->a->chunks[this - 1], index);
	}
	writers_end(r);
	return 0;
}

/* A thread killed while it linked its chunk cut off the chunks that others had linked behind it. */
static void orphans_read(struct reader *r)
{
	for (uint32_t i = 0; i < r->n_claimed; i++) {
		const struct chunk *c = &r->a->chunks[i];

		if (r->read[i] || c->proc >= r->h->n_procs || !atomic_load(&c->used))
			continue;
		r->h->procs[c->proc].torn += chunk_read(r, c, c->proc);
		writers_end(r);
	}
}

/* A call that has not returned, from the thread that is in it. */
static void invoked_add(struct reader *r, const struct thread *t)
{
	uint32_t call = atomic_load_explicit(&t->call, memory_order_acquire);
	struct event e = { .kind = EV_INVOKED, .tid = atomic_load(&t->tid), .seal = r->generation };

	if (!e.tid || !call || t->proc >= r->h->n_procs)
		return;
	e.stamp = t->since;
	e.site = t->site;
	e.result = t->extra;
	e.asked = t->asked;
	e.fd = t->fd;
	e.object = t->object;
	e.call = (uint16_t)(call - 1);
	e.flags = (uint8_t)t->flags;
	/* a living thread may have gone on meanwhile: then what was read belongs to two calls */
	if (atomic_load_explicit(&t->call, memory_order_acquire) == call && t->since == e.stamp)
		event_add(r, &e, t->proc);
}

static int by_time(const void *x, const void *y)
{
	const struct rank *a = x, *b = y;

	if (a->stamp != b->stamp)
		return a->stamp < b->stamp ? -1 : 1;
	if (a->proc != b->proc)
		return a->proc < b->proc ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static void events_merge(struct history *h)
{
	struct rank *ranks = mem_new(h->n_events * sizeof(*ranks));
	struct history_event *merged = mem_new(h->n_events * sizeof(*merged));

	for (size_t i = 0; i < h->n_events; i++)
		ranks[i] = (struct rank){ h->events[i].e.stamp, h->events[i].proc, (uint32_t)i };
	qsort(ranks, h->n_events, sizeof(*ranks), by_time);
	for (size_t i = 0; i < h->n_events; i++)
		merged[i] = h->events[ranks[i].index];
	free(ranks);
	free(h->events);
	h->events = merged;
}

static void modules_read(const struct arena *a, struct history *h)
{
	uint32_t n = lesser(atomic_load(&a->n_modules), ARENA_MODULES);

	h->modules = mem_new(n * sizeof(*h->modules));
	for (uint32_t i = 0; i < n; i++) {
		struct module *m = &h->modules[h->n_modules];

		if (atomic_load_explicit(&a->modules[i].state, memory_order_acquire) == 0)
			continue;
		memcpy(m, &a->modules[i], sizeof(*m));
		m->path[MODULE_PATH - 1] = '\0';
		h->n_modules++;
	}
}

/* Each program says hello: from then on, addresses are those of its image. */
static void hello_see(struct history *h)
{
	uint32_t *images = mem_new(h->n_procs * sizeof(*images));

	for (size_t i = 0; i < h->n_procs; i++)
		images[i] = h->procs[i].image;
	for (size_t i = 0; i < h->n_events; i++) {
		struct history_event *e = &h->events[i];

		if (e->e.kind == EV_HELLO) {
			h->procs[e->proc].hello = true;
			images[e->proc] = e->e.asked;
		}
		e->image = images[e->proc];
	}
	free(images);
}

static int arena_read(struct reader *r)
{
	const struct arena *a = r->a;
	struct history *h = r->h;

	h->tick_hz = a->tick_hz;
	h->tick_base = a->tick_base;
	h->lost = atomic_load(&a->lost);
	h->n_procs = lesser(atomic_load(&a->n_procs), ARENA_PROCS);
	h->procs = mem_new(h->n_procs * sizeof(*h->procs));
	for (uint32_t i = 0; i < h->n_procs; i++) {
		int e = proc_read(r, i);

		if (e)
			return e;
	}
	orphans_read(r);
	for (uint32_t i = 0; i < arena_n_threads(a); i++)
		invoked_add(r, &a->threads[i]);
	h->n_text = r->text.length;
	h->text = str_take(&r->text);
	events_merge(h);
	hello_see(h);
	modules_read(a, h);
	channels_resolve(a, h);
	return 0;
}

int history_read(const struct arena *a, struct history *out)
{
	struct reader r = { .a = a, .h = out, .text = STR_NONE };
	int e;

	*out = HISTORY_NONE;
	r.generation = atomic_load_explicit(&a->generation, memory_order_acquire);
	r.n_chunks = lesser(a->n_chunks, ARENA_CHUNKS);
	r.n_claimed = lesser(atomic_load(&a->next_chunk), r.n_chunks);
	r.read = mem_new(r.n_chunks * sizeof(*r.read));
	e = arena_read(&r);
	free(r.read);
	for (size_t i = 0; i < r.n_writers; i++)
		str_fini(&r.writers[i].text);
	free(r.writers);
	str_fini(&r.text);
	if (e)
		history_fini(out);
	return e;
}
