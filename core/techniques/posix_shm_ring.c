/* SPDX-License-Identifier: MIT */
/*
 * posix-shm with rings: for each client one ring up to the server and one down. Each has one writer and one reader,
 * so it needs no lock (shm_ring.h), and nobody can die holding one. Whoever has nothing to do sleeps by a bell: the
 * server by its own for all rings up, a client by one for its ring down. Writers wait for room by the bells of the
 * ring.
 */
#include "core/techniques/shm_designs.h"
#include "core/techniques/shm_ring.h"
#include "core/base/banned.h"

/* A power of two with room for two of the longest records. */
enum { RING_BYTES = 262144 };
static_assert(RING_BYTES / 2 >= MESSAGE_HEADER + MESSAGE_MAX + SHM_RING_WORD, "a record fits in");

enum { LOOKS = 20 };	/* how often to look before sleeping: the other side may be writing just now */

struct ring_locks {
	struct shm_bell work;				/* the server sleeps: nothing in any ring up */
	struct shm_bell items[SHM_CLIENTS + 1];		/* a client sleeps: nothing in its ring down */
	struct shm_bell room_up[SHM_CLIENTS + 1];	/* a client sleeps: its ring up is full */
	struct shm_bell room_down; /* the server sleeps: the ring down that it wants to use is full */
};

struct ring_link {
	struct link link;
	struct shm_area *area;
	struct ring_locks *bells;
	const struct ref_options *o;
	uint32_t next;		/* the client whose ring the server looks into first */
	struct shm_ring_end up[SHM_CLIENTS + 1], down[SHM_CLIENTS + 1];
};

static struct shm_ring *ring_of(struct ring_locks *bells, uint32_t client, bool up)
{
	size_t n = 2 * (client - 1) + (up ? 0 : 1);

	return (struct shm_ring *)((char *)(bells + 1) + n * shm_ring_size(RING_BYTES));
}

/* What a side waits for. */
struct wish {
	struct ring_link *l;
	bool (*fulfilled)(struct wish *w);
	uint32_t client;
	uint64_t n;		/* room wanted; or length of the record found */
	void *record;
};

/*
 * Gives back the room of what was read. Not for every record: a quarter of the ring at once costs one shared store and
 * one look at the bell. But always before sleeping: the other side may be waiting for just this room.
 */
static void room_give_back(struct ring_link *l, uint32_t client, uint64_t at_least)
{
	bool server = l->o->server;
	struct shm_ring_end *ring = server ? &l->up[client] : &l->down[client];

	if (ring->mine - ring->published >= at_least && shm_ring_give_back(ring))
		shm_bell_ring(server ? &l->bells->room_up[client] : &l->bells->room_down);
}

static void room_give_back_all(struct ring_link *l)
{
	if (!l->o->server)
		room_give_back(l, l->o->client, 0);
	for (uint32_t i = 1; l->o->server && i <= l->o->n_clients; i++)
		room_give_back(l, i, 0);
}

/*
 * Waits until the wish is fulfilled: looks a few times, then sleeps by the bell. Says "asleep" first and looks once
 * more after that: a record that comes in between is seen by this look, or its writer sees that we are asleep.
 */
static enum link_end wish_wait(struct wish *w, struct shm_bell *bell, int64_t deadline_ns, int peer)
{
	for (int i = 0; i < LOOKS && !mistake(LOST_WAKEUP); i++)
		if (w->fulfilled(w))
			return LINK_OK;
	room_give_back_all(w->l);
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

static bool room_there(struct wish *w)
{
	struct ring_link *l = w->l;

	w->record = shm_ring_reserve(l->o->server ? &l->down[w->client] : &l->up[w->client], w->n);
	return w->record;
}

static enum link_end ring_send(struct link *link, uint32_t to, const struct message *m)
{
	struct ring_link *l = (struct ring_link *)link;
	uint32_t client = l->o->server ? to : l->o->client;
	struct shm_ring_end *ring = l->o->server ? &l->down[client] : &l->up[client];
	struct shm_bell *room = l->o->server ? &l->bells->room_down : &l->bells->room_up[client];
	struct shm_bell *reader = l->o->server ? &l->bells->items[client] : &l->bells->work;
	struct wish wish = { .l = l, .fulfilled = room_there, .client = client, .n = message_size(m) };

	if (!room_there(&wish)) {
		enum link_end end;

		/* The reader may sleep over what we left unsaid: it must be awake before we wait for it. */
		shm_bell_ring(reader);
		end = wish_wait(&wish, room, now_ns() + PATIENCE_NS,
			atomic_load(&l->area->pids[l->o->server ? client : 0]));

		if (end != LINK_OK)
			return end;
	}
	/* The record is published only when it is whole: the reader never sees half of one. */
	shm_record_fill(wish.record, m);
	shm_ring_commit(ring, wish.n);
	shm_ring_publish(ring);
	/* A reader that is awake finds it. One that sleeps is woken for the last of several that follow each other. */
	if (!link->more)
		shm_bell_ring(reader);
	return LINK_OK;
}

static bool record_down(struct wish *w)
{
	w->record = (void *)(uintptr_t)shm_ring_peek(&w->l->down[w->client], &w->n);
	return w->record;
}

/* The server looks into the rings of all clients, beginning after the one that it served last. */
static bool record_up(struct wish *w)
{
	uint32_t n = w->l->o->n_clients;

	for (uint32_t i = 0; i < n; i++) {
		w->client = w->l->next + i < n ? w->l->next + i + 1 : w->l->next + i + 1 - n;
		w->record = (void *)(uintptr_t)shm_ring_peek(&w->l->up[w->client], &w->n);
		if (w->record) {
			w->l->next = w->client < n ? w->client : 0;
			return true;
		}
	}
	return false;
}

static enum link_end ring_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct ring_link *l = (struct ring_link *)link;
	bool server = l->o->server;
	struct wish wish = { .l = l, .fulfilled = server ? record_up : record_down, .client = l->o->client };
	struct shm_bell *bell = server ? &l->bells->work : &l->bells->items[wish.client];
	enum link_end end = wish_wait(&wish, bell, deadline_ns, server ? 0 : atomic_load(&l->area->pids[0]));
	struct shm_ring_end *ring;

	if (end != LINK_OK)
		return end;
	ring = server ? &l->up[wish.client] : &l->down[wish.client];
	*size = wish.n < sizeof(*m) ? (size_t)wish.n : sizeof(*m);
	memcpy(m, wish.record, *size);
	shm_ring_release(ring, wish.n);
	room_give_back(l, wish.client, RING_BYTES / 4);
	return LINK_OK;
}

/* The boxes of the area are not used; the rings lie behind the bells. */
static uint32_t ring_boxes(const struct ref_options *o)
{
	(void)o;
	return 0;
}

static size_t ring_locks(const struct ref_options *o)
{
	return sizeof(struct ring_locks) + 2 * o->n_clients * shm_ring_size(RING_BYTES);
}

/* Zeroed memory is an empty ring and a bell by which nobody sleeps. */
static int ring_prepare(struct shm_area *a, const struct ref_options *o)
{
	(void)a;
	(void)o;
	return 0;
}

static struct link *ring_link(struct shm_area *a, const struct ref_options *o)
{
	static struct ring_link l;
	struct ring_locks *bells = shm_area_locks(a);

	l = (struct ring_link){
		.link = { .send = ring_send, .receive = ring_receive, .largest = o->size_max,
			.under_way = RING_BYTES / 2 - SHM_RING_WORD },
		.area = a, .bells = bells, .o = o,
	};
	for (uint32_t i = 1; i <= o->n_clients; i++) {
		l.up[i] = shm_ring_join(ring_of(bells, i, true), RING_BYTES, !o->server);
		l.down[i] = shm_ring_join(ring_of(bells, i, false), RING_BYTES, o->server);
	}
	return &l.link;
}

const struct shm_design shm_ring = {
	.boxes = ring_boxes, .locks = ring_locks, .prepare = ring_prepare, .link = ring_link,
};
