/* SPDX-License-Identifier: MIT */
/*
 * Which objects are one channel, who is at its ends, and what it is called.
 *
 * A connection has an object at each end, joined through `peer`. Of datagram sockets, one that sends first is a
 * client's, one that receives first a server's. A server's socket that several clients send to is a channel of its own,
 * and so is each of theirs; where there is one client only, the two are one channel. Everything else that processes
 * share is one object already.
 */
#include <stdlib.h>
#include <string.h>

#include "core/history/internal.h"
#include "core/base/banned.h"

/* All are index + 1; 0: none. */
struct node {
	uint32_t target;	/* the object that it connects or sends to */
	uint32_t other;		/* the object at the other end, if the two are one channel */
	uint32_t channel;
	/* processes: that made it, the first to send and to receive, the first other one */
	uint32_t maker, sender, receiver, user;
	uint8_t first;		/* enum history_way of the first data */
};

struct count {
	uint64_t key;		/* 0: free */
	uint32_t n;
};

struct resolver {
	const struct arena *a;
	struct history *h;
	struct node *nodes;
	uint32_t n;
};

static bool is_datagram(uint32_t kind)
{
	return kind == OBJ_UDP || kind == OBJ_UNIX_DGRAM;
}

/* Two ends, each an object, one of which asked for the connection. */
static bool is_connection(uint32_t kind)
{
	return kind == OBJ_UNIX_STREAM || kind == OBJ_UNIX_SEQPACKET || kind == OBJ_TCP || kind == OBJ_UDP ||
		kind == OBJ_UNIX_DGRAM;
}

static uint32_t object_flags(const struct resolver *r, uint32_t object)
{
	return atomic_load(&r->a->objects[object - 1].flags);
}

static uint32_t known_proc(const struct resolver *r, uint32_t proc_plus_1)
{
	return proc_plus_1 <= r->h->n_procs ? proc_plus_1 : 0;
}

/* The object at the other end that a peer field names, if it can be one. */
static uint32_t named_peer(const struct resolver *r, uint32_t object)
{
	uint32_t peer = atomic_load(&r->a->objects[object - 1].peer);

	if (!peer || peer > r->n || peer == object || r->a->objects[peer - 1].kind != r->a->objects[object - 1].kind)
		return 0;
	return peer;
}

/* The bound socket that a client's datagram socket sends to: of the process and, if known, the address. 0: unclear. */
static uint32_t datagram_target(const struct resolver *r, uint32_t object)
{
	const struct object *o = &r->a->objects[object - 1];
	uint32_t proc = known_proc(r, atomic_load(&o->peer_proc)), found = 0;

	if (r->nodes[object].first == WAY_OUT || !proc)
		return 0;
	for (uint32_t i = 1; i <= r->n; i++) {
		const struct object *t = &r->a->objects[i - 1];

		if (i == object || t->kind != o->kind || r->nodes[i].maker != proc || r->nodes[i].first == WAY_IN ||
			(o->remote ? t->local != o->remote : !t->local))
			continue;
		if (found)
			return 0;
		found = i;
	}
	return found;
}

static void objects_pair(struct resolver *r)
{
	uint32_t *n_callers = mem_new((r->n + 1) * sizeof(*n_callers));

	for (uint32_t i = 1; i <= r->n; i++) {
		uint32_t target = named_peer(r, i);

		if (!target && is_datagram(r->a->objects[i - 1].kind))
			target = datagram_target(r, i);
		r->nodes[i].target = target;
		n_callers[target]++;
	}
	for (uint32_t i = 1; i <= r->n; i++) {
		uint32_t target = r->nodes[i].target;

		if (!target || (is_datagram(r->a->objects[i - 1].kind) && n_callers[target] > 1))
			continue;
		r->nodes[i].other = target;
		if (!r->nodes[target].other)
			r->nodes[target].other = i;
	}
	free(n_callers);
}

static void note_uses(struct resolver *r)
{
	for (uint32_t i = 1; i <= r->n; i++)
		r->nodes[i].maker = known_proc(r, r->a->objects[i - 1].proc + 1);
	for (size_t i = 0; i < r->h->n_events; i++) {
		const struct history_event *e = &r->h->events[i];
		struct node *node;
		uint8_t way;

		if ((e->e.kind != EV_CALL && e->e.kind != EV_INVOKED) || !e->e.object || e->e.object > r->n)
			continue;
		node = &r->nodes[e->e.object];
		way = history_call_of(e->e.call).way;
		if (!node->first)
			node->first = way;
		if (way == WAY_IN && !node->sender)
			node->sender = e->proc + 1;
		if (way == WAY_OUT && !node->receiver)
			node->receiver = e->proc + 1;
		if (!node->user && e->proc + 1 != node->maker)
			node->user = e->proc + 1;
	}
}

static uint32_t first_of(uint32_t a, uint32_t b)
{
	return a ? a : b;
}

/* The process at the other end, by its object or, if that was never seen, as the connection knew it. */
static uint32_t far_proc(const struct resolver *r, uint32_t object)
{
	const struct node *n = &r->nodes[object];

	if (n->other || n->target)
		return r->nodes[first_of(n->other, n->target)].maker;
	/* a server's datagram socket knows whom it answered last, which says nothing */
	if (is_datagram(r->a->objects[object - 1].kind) && n->first == WAY_OUT)
		return 0;
	return known_proc(r, atomic_load(&r->a->objects[object - 1].peer_proc));
}

/* Is this the end that was called, not the one that calls? */
static bool is_called(const struct resolver *r, uint32_t object)
{
	const struct node *n = &r->nodes[object];
	uint32_t flags = object_flags(r, object);

	if (is_datagram(r->a->objects[object - 1].kind))
		return n->first ? n->first == WAY_OUT : !(flags & OBF_CONNECTED) && r->a->objects[object - 1].local;
	if (flags & (OBF_ACCEPTED | OBF_CONNECTED))
		return flags & OBF_ACCEPTED;
	return n->other && object_flags(r, n->other) & OBF_CONNECTED;
}

static void ends_of_connection(const struct resolver *r, uint32_t object, struct channel *c)
{
	uint32_t near = r->nodes[object].maker, far = far_proc(r, object);
	bool called = is_called(r, object);

	c->from = called ? far : near;
	c->to = called ? near : far;
}

/* What all share: from whoever writes to whoever reads. */
static void ends_of_shared(const struct resolver *r, uint32_t object, struct channel *c)
{
	const struct node *n = &r->nodes[object];
	const struct node *m = n->other ? &r->nodes[n->other] : n;
	uint32_t sender = first_of(n->sender, m->sender), receiver = first_of(m->receiver, n->receiver);

	c->from = first_of(sender, n->maker);
	c->to = receiver;
	if (!c->to || c->to == c->from) {
		const uint32_t others[] = { m->receiver, n->receiver, m->sender, n->sender, n->user, m->user,
			n->maker };

		c->to = 0;
		for (size_t i = 0; i < sizeof(others) / sizeof(*others) && !c->to; i++)
			if (others[i] != c->from)
				c->to = others[i];
	}
}

static void ends_find(const struct resolver *r, uint32_t object, struct channel *c)
{
	if (c->listener) {
		c->to = r->nodes[object].maker;
		return;
	}
	if (is_connection(c->kind))
		ends_of_connection(r, object, c);
	else
		ends_of_shared(r, object, c);
}

static const char *proc_name(const struct resolver *r, uint32_t proc)
{
	return proc ? r->h->procs[proc - 1].name : "";
}

static void channel_name(const struct resolver *r, struct channel *c)
{
	struct str s = STR_NONE;

	c->ordinal = 1;
	for (size_t i = 0; i < r->h->n_channels; i++) {
		const struct channel *d = &r->h->channels[i];

		c->ordinal += d->from == c->from && d->to == c->to && d->kind == c->kind;
	}
	if (c->from && c->to)
		str_addf(&s, "%s\xe2\x86\x92%s#%u", proc_name(r, c->from), proc_name(r, c->to), c->ordinal);
	else
		str_addf(&s, "%s:%s#%u", proc_name(r, first_of(c->from, c->to)), object_kind_name(c->kind), c->ordinal);
	text_copy(c->name, sizeof(c->name), str_get(&s));
	str_fini(&s);
}

static void channel_add(struct resolver *r, uint32_t object)
{
	const struct object *o = &r->a->objects[object - 1];
	uint32_t other = r->nodes[object].other;
	struct channel c = { .kind = o->kind };

	c.listener = object_flags(r, object) & OBF_LISTENER;
	c.standard = object_flags(r, object) & OBF_STANDARD;
	text_copy(c.address, sizeof(c.address), o->name);
	if (!c.address[0] && other)
		text_copy(c.address, sizeof(c.address), r->a->objects[other - 1].name);
	ends_find(r, object, &c);
	channel_name(r, &c);
	r->h->channels[r->h->n_channels++] = c;
	r->nodes[object].channel = (uint32_t)r->h->n_channels;
	if (other && !r->nodes[other].channel)
		r->nodes[other].channel = (uint32_t)r->h->n_channels;
}

static void channels_make(struct resolver *r)
{
	r->h->channels = mem_new(r->n * sizeof(*r->h->channels));
	for (uint32_t i = 1; i <= r->n; i++) {
		const struct object *o = &r->a->objects[i - 1];

		if (atomic_load_explicit(&o->state, memory_order_acquire) != 2 || r->nodes[i].channel ||
			o->kind == OBJ_FILE)
			continue;
		if (r->nodes[i].other && r->nodes[r->nodes[i].other].channel)
			r->nodes[i].channel = r->nodes[r->nodes[i].other].channel;
		else
			channel_add(r, i);
	}
}

static void channel_count(struct channel *c, const struct event *e)
{
	struct history_call call = history_call_of(e->call);

	if (e->error || e->result < 0 || call.way == WAY_NONE)
		return;
	if (call.moves == MOVES_UNCOUNTED)
		c->uncounted = true;
	if (call.way == WAY_IN) {
		c->bytes_in += history_bytes(e);
		c->n_sent++;
	} else {
		c->bytes_out += history_bytes(e);
		c->n_received++;
	}
}

/* The next occurrence of (process, object, family) in an open hash table of a power of two of slots. */
static uint32_t occurrence(struct count *table, size_t slots, uint32_t proc, uint32_t object, uint8_t family)
{
	uint64_t key = ((uint64_t)proc << 40 | (uint64_t)object << 8 | family) + 1;
	size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (slots - 1);

	while (table[i].key && table[i].key != key)
		i = (i + 1) & (slots - 1);
	table[i].key = key;
	return ++table[i].n;
}

static void events_resolve(struct resolver *r)
{
	size_t slots = 64;
	struct count *table;

	while (slots < r->h->n_events * 2)
		slots *= 2;
	table = mem_new(slots * sizeof(*table));
	for (size_t i = 0; i < r->h->n_events; i++) {
		struct history_event *e = &r->h->events[i];
		bool call = e->e.kind == EV_CALL || e->e.kind == EV_INVOKED;

		/* sabot.h puts a receiver where the object is, and fork a process */
		if (!call && e->e.kind != EV_STRIKE)
			continue;
		if (e->e.object <= r->n)
			e->channel = r->nodes[e->e.object].channel;
		if (!call)
			continue;
		e->position = occurrence(table, slots, e->proc, e->e.object, history_call_of(e->e.call).family);
		if (e->channel && e->e.kind == EV_CALL)
			channel_count(&r->h->channels[e->channel - 1], &e->e);
	}
	free(table);
}

void channels_resolve(const struct arena *a, struct history *h)
{
	struct resolver r = { .a = a, .h = h, .n = lesser(atomic_load(&a->n_objects), ARENA_OBJECTS) };

	r.nodes = mem_new((r.n + 1) * sizeof(*r.nodes));
	note_uses(&r);
	objects_pair(&r);
	channels_make(&r);
	events_resolve(&r);
	free(r.nodes);
}
