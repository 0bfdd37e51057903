/* SPDX-License-Identifier: MIT */
/*
 * posix-shm with rings: for each client one ring up to the server and one down. Each has one writer and one reader,
 * so it needs no lock (shm_ring.h), and nobody can die holding one. Whoever has nothing to do sleeps by a bell: the
 * server by its own for all rings up, a client by one for its ring down. Writers wait for room by the bells of the
 * ring.
 */
#include <sched.h>

#include "core/techniques/shm_designs.h"
#include "core/techniques/shm_ring.h"
#include "core/base/banned.h"

/*
 * Bytes of a ring: a power of two with room for two of the longest records. In a larger one fewer processes have to be
 * woken; but many of them should not fill the memory.
 */
enum { FEW_CLIENTS = 8, RING_OF_FEW = 1 << 20, RING_OF_MANY = 1 << 18 };
static_assert(RING_OF_MANY / 2 >= MESSAGE_HEADER + MESSAGE_MAX + SHM_RING_WORD, "a record fits in");

enum { PUBLISH_BYTES = 4096 };	/* of many records so many bytes are shown to the reader at once */

/* How often to look before sleeping: the other side may be writing just now. On one CPU nobody does while we look. */
enum { LOOKS = 20 };

struct ring_locks {
	struct shm_bell work;				/* the server sleeps: nothing in any ring up */
	struct shm_bell items[SHM_CLIENTS + 1];		/* a client sleeps: nothing in its ring down */
	struct shm_bell room_up[SHM_CLIENTS + 1];	/* a client sleeps: its ring up is full */
	struct shm_bell room_down; /* the server sleeps: the ring down that it wants to use is full */
};

/* The two rings between us and one other: a client of the server's, or the server. */
struct way {
	struct shm_ring_end in, out;
	struct shm_bell *reader;	/* by which the other sleeps, that reads `out` */
	struct shm_bell *writer;	/* … when there is no room in `in` */
	struct shm_bell *room;		/* by which we sleep when there is none in `out` */
	const _Atomic int32_t *peer;	/* the other's process id; 0: never mind */
	uint64_t rung;			/* how far `out` was written when the reader was last woken */
};

struct ring_link {
	struct link link;
	const struct ref_options *o;
	struct way ways[SHM_CLIENTS];	/* the server's: by id, from 1; a client's: one */
	uint32_t n_ways;
	uint32_t next;			/* the way that is looked into first */
	uint32_t looks;
	uint64_t capacity;		/* of every ring */
	struct shm_bell *items;		/* by which we sleep when nothing is in any ring */
	struct message *blank;		/* where the next message is being made, NULL: nowhere */
	size_t blank_size;
};

static uint64_t capacity_for(const struct ref_options *o)
{
	return o->n_clients <= FEW_CLIENTS ? RING_OF_FEW : RING_OF_MANY;
}

static struct shm_ring_end ring_end(
	struct ring_locks *bells, const struct ref_options *o, uint32_t client, bool up, bool writer)
{
	size_t n = 2 * (client - 1) + (up ? 0 : 1);
	void *ring = (char *)(bells + 1) + n * shm_ring_size(capacity_for(o));

	return shm_ring_join(ring, capacity_for(o), writer);
}

/* What we wait for: a record, or room for one. */
struct wish {
	struct ring_link *l;
	bool (*fulfilled)(struct wish *w);
	struct way *way;	/* where the record is; in whose ring there has to be room */
	uint64_t n;		/* the length of the record, or the room */
	void *record;
};

/*
 * Gives back the room of what was read. Not for every record: half of the ring at once costs one shared store and one
 * look at the bell. But always before sleeping: the other side may be waiting for just this room.
 */
static void room_give_back(struct way *way, uint64_t at_least)
{
	if (way->in.mine - way->in.published >= at_least && shm_ring_give_back(&way->in))
		shm_bell_ring(way->writer);
}

/*
 * Waits until the wish is fulfilled: looks for a while, then sleeps by the bell. Says "asleep" first and looks once
 * more after that: a record that comes in between is seen by this look, or its writer sees that we are asleep.
 */
static enum link_end wish_wait(struct wish *w, struct shm_bell *bell, int64_t deadline_ns, int peer)
{
	struct ring_link *l = w->l;

	for (uint32_t i = 0; i < l->looks && !mistake(LOST_WAKEUP); i++)
		if (w->fulfilled(w))
			return LINK_OK;
	for (uint32_t i = 0; i < l->n_ways; i++)
		room_give_back(&l->ways[i], 0);
	for (;;) {
		shm_bell_set(bell);
		/* Mistake: sleeps without a last look, and the bell that rang a moment before never rings again. */
		if (mistake(LOST_WAKEUP)) {
			while (atomic_load(&bell->asleep) && (!deadline_ns || now_ns() < deadline_ns))
				shm_bell_sleep(bell);
		} else if (!w->fulfilled(w)) {
			shm_bell_sleep(bell);	/* not for ever: the clock ticks */
		}
		shm_bell_clear(bell);
		if (w->fulfilled(w))
			return LINK_OK;
		if (deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
		if (shm_process_gone(peer))
			return LINK_CLOSED;
	}
}

/* ---- sending ---- */

/* NULL: there is no such client, whatever a message says. */
static struct way *way_to(struct ring_link *l, uint32_t to)
{
	uint32_t i = to == SERVER_ID ? 0 : to - 1;

	return i < l->n_ways ? &l->ways[i] : NULL;
}

static bool room_there(struct wish *w)
{
	w->record = shm_ring_reserve(&w->way->out, w->n);
	return w->record;
}

/* The message is made where the receiver will find it. If there is no room now, send() waits, and copies it. */
static struct message *ring_blank(struct link *link, uint32_t to, size_t size)
{
	struct ring_link *l = (struct ring_link *)link;
	struct way *way = way_to(l, to);

	l->blank_size = size;
	l->blank = way ? shm_ring_reserve(&way->out, size) : NULL;
	return l->blank;
}

/* Shows the reader all that was written, and wakes it if it sleeps. */
static void records_show(struct way *way)
{
	shm_ring_publish(&way->out);
	way->rung = way->out.mine;
	shm_bell_ring(way->reader);
}

/* Waits for room, and copies the message into it. */
static enum link_end record_write(struct ring_link *l, struct way *way, const struct message *m)
{
	struct wish wish = { .l = l, .fulfilled = room_there, .way = way, .n = message_size(m) };
	enum link_end end = LINK_OK;

	if (!room_there(&wish)) {
		/* The reader may sleep over what we left unsaid: it must be awake before we wait for it. */
		records_show(way);
		end = wish_wait(&wish, way->room, now_ns() + PATIENCE_NS, atomic_load(way->peer));
	}
	if (end == LINK_OK)
		shm_record_fill(wish.record, m);
	return end;
}

static enum link_end ring_send(struct link *link, uint32_t to, const struct message *m)
{
	struct ring_link *l = (struct ring_link *)link;
	struct way *way = way_to(l, to);
	size_t size = l->blank_size;

	if (!way)
		return LINK_CLOSED;
	if (m != l->blank) {
		enum link_end end = record_write(l, way, m);

		if (end != LINK_OK)
			return end;
		size = message_size(m);
	}
	l->blank = NULL;
	/* The record counts only when it is whole: the reader never sees half of one. */
	shm_ring_commit(&way->out, size);
	/*
	 * A reader that is awake finds what is published, and one that sleeps is woken. Of many records that follow
	 * each other, a page full is published at once, and half of the ring is worth waking somebody.
	 */
	if (!link->more || way->out.mine - way->rung >= l->capacity / 2)
		records_show(way);
	else if (way->out.mine - way->out.published >= PUBLISH_BYTES)
		shm_ring_publish(&way->out);
	return LINK_OK;
}

/* ---- receiving ---- */

/* The oldest record of some ring; the server looks first into that of the client after the one it served last. */
static bool record_there(struct wish *w)
{
	struct ring_link *l = w->l;

	for (uint32_t i = 0; i < l->n_ways; i++) {
		struct way *way = &l->ways[l->next];

		l->next = l->next + 1 < l->n_ways ? l->next + 1 : 0;
		w->record = (void *)(uintptr_t)shm_ring_peek(&way->in, &w->n);
		if (w->record) {
			w->way = way;
			return true;
		}
	}
	return false;
}

static enum link_end ring_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct ring_link *l = (struct ring_link *)link;
	struct wish wish = { .l = l, .fulfilled = record_there };

	if (mistake(LOST_WAKEUP) || !record_there(&wish)) {
		int peer = l->o->server ? 0 : atomic_load(l->ways[0].peer);
		enum link_end end = wish_wait(&wish, l->items, deadline_ns, peer);

		if (end != LINK_OK)
			return end;
	}
	*size = wish.n < sizeof(*m) ? (size_t)wish.n : sizeof(*m);
	memcpy(m, wish.record, *size);
	shm_ring_release(&wish.way->in, wish.n);
	room_give_back(wish.way, l->capacity / 2);
	return LINK_OK;
}

/* ---- making ---- */

/* The boxes of the area are not used; the rings lie behind the bells. */
static uint32_t ring_boxes(const struct ref_options *o)
{
	(void)o;
	return 0;
}

static size_t ring_locks(const struct ref_options *o)
{
	return sizeof(struct ring_locks) + 2 * o->n_clients * shm_ring_size(capacity_for(o));
}

/* Zeroed memory is an empty ring and a bell by which nobody sleeps. */
static int ring_prepare(struct shm_area *a, const struct ref_options *o)
{
	(void)a;
	(void)o;
	return 0;
}

/* How many CPUs we may run on. */
static int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

static struct link *ring_link(struct shm_area *a, const struct ref_options *o)
{
	static struct ring_link l;
	struct ring_locks *bells = shm_area_locks(a);
	bool server = o->server;

	l = (struct ring_link){
		.link = { .send = ring_send, .blank = ring_blank, .receive = ring_receive, .largest = o->size_max,
			.under_way = capacity_for(o) / 2 - SHM_RING_WORD },
		.o = o, .capacity = capacity_for(o), .n_ways = server ? o->n_clients : 1,
		.looks = cpus() > 1 ? LOOKS : 0,
		.items = server ? &bells->work : &bells->items[o->client],
	};
	for (uint32_t i = 0; i < l.n_ways; i++) {
		uint32_t client = server ? i + 1 : o->client;

		l.ways[i] = (struct way){
			.in = ring_end(bells, o, client, server, false),
			.out = ring_end(bells, o, client, !server, true),
			.reader = server ? &bells->items[client] : &bells->work,
			.writer = server ? &bells->room_up[client] : &bells->room_down,
			.room = server ? &bells->room_down : &bells->room_up[client],
			.peer = &a->pids[server ? client : 0],
		};
	}
	return &l.link;
}

const struct shm_design shm_ring = {
	.boxes = ring_boxes, .locks = ring_locks, .prepare = ring_prepare, .link = ring_link,
};
