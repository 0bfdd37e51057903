/* SPDX-License-Identifier: MIT */
#include "core/check/datagrams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/check/kinds.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

/* What is being read. */
struct set {
	struct datagram *datagrams;
	size_t n_datagrams;
};

static uint32_t group_of(const struct channel *c, uint32_t channel)
{
	return c->kind == OBJ_UDP || c->kind == OBJ_UNIX_DGRAM ? c->kind : OBJ_N_KINDS + channel;
}

static bool group_counts(const struct history *h, uint32_t group)
{
	for (uint32_t c = 1; c <= h->n_channels; c++)
		if (group_of(&h->channels[c - 1], c) == group && h->channels[c - 1].uncounted)
			return false;
	return true;
}

static void collect(struct set *t, const struct history *h)
{
	/* what a strike doubled is there twice */
	t->datagrams = mem_new(2 * h->n_events * sizeof(*t->datagrams));
	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];
		const struct channel *c = e->channel ? &h->channels[e->channel - 1] : NULL;
		uint8_t way = history_call_of(e->e.call).way;
		uint32_t action;

		/* a hash of 0: nothing was moved for good (MSG_PEEK) */
		if (!c || e->e.kind != EV_CALL || way == WAY_NONE || !kind_is_datagram(c->kind) || c->standard ||
			e->e.error || !e->e.hash || !group_counts(h, group_of(c, e->channel)))
			continue;
		action = who_struck(h, &e->e);
		t->datagrams[t->n_datagrams++] = (struct datagram){ .hash = e->e.hash, .length = history_bytes(&e->e),
			.group = group_of(c, e->channel), .event = (uint32_t)i, .object = e->e.object,
			.received = way == WAY_OUT, .fate = way == WAY_OUT ? FATE_FOREIGN : FATE_LOST,
			.struck = action >= ACT_DROP && action <= ACT_TRUNCATE };
		if (e->e.flags & EVF_DUPLICATED && way == WAY_IN) {
			t->datagrams[t->n_datagrams] = t->datagrams[t->n_datagrams - 1];
			t->n_datagrams++;
		}
	}
}

static int by_hash(const void *x, const void *y)
{
	const struct datagram *a = x, *b = y;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->event < b->event ? -1 : a->event > b->event;
}

/*
 * One group of equal content, in the order of the history. A receipt belongs to the latest sending that has none yet,
 * so that of two the first is missed, which the second may have replaced. Further receipts came again.
 */
static void match_equal(struct set *t, const struct history *h, size_t from, size_t to)
{
	uint32_t open = 0;	/* the latest sending without a receipt, + 1; its `match` is the one before */
	bool sent = false;

	for (size_t i = from; i < to; i++) {
		struct datagram *d = &t->datagrams[i];

		if (!d->received) {
			if (h->events[d->event].e.flags & EVF_DROPPED)
				continue;
			d->match = open;
			open = (uint32_t)i + 1;
			sent = true;
		} else if (open) {
			struct datagram *s = &t->datagrams[open - 1];

			d->fate = FATE_FIRST;
			d->match = open;
			open = s->match;
			s->fate = FATE_ARRIVED;
			s->match = (uint32_t)i + 1;
		} else if (sent) {
			d->fate = FATE_AGAIN;
		}
	}
	for (size_t i = from; i < to; i++)
		if (t->datagrams[i].fate == FATE_LOST)
			t->datagrams[i].match = 0;
}

/* What nobody sent in this form: a sending that is missed, of the same length or longer, is what it was. */
static void match_changed(struct set *t, struct datagram *d)
{
	struct datagram *best = NULL;

	for (size_t i = 0; i < t->n_datagrams; i++) {
		struct datagram *s = &t->datagrams[i];

		if (s->received || s->fate != FATE_LOST || s->group != d->group || s->event > d->event ||
			s->length < d->length)
			continue;
		if (!best || (s->length == d->length && best->length != d->length) ||
			(s->length == best->length && s->event < best->event))
			best = s;
	}
	if (!best)
		return;
	d->fate = best->length == d->length ? FATE_CHANGED : FATE_CUT;
	if (d->struck || best->struck)
		d->fate = FATE_EXCUSED;
	d->match = (uint32_t)(best - t->datagrams) + 1;
	best->fate = FATE_ARRIVED;
	best->match = (uint32_t)(d - t->datagrams) + 1;
}

static bool waited_in_vain(const struct history_event *e)
{
	uint8_t family = history_call_of(e->e.call).family;

	if (e->e.kind != EV_CALL)
		return false;
	if (family == FAMILY_WAIT || family == FAMILY_SLEEP)
		return e->e.result == 0 || e->e.error == EINTR;
	return family == FAMILY_RECEIVE && (e->e.error == EAGAIN || e->e.error == ETIMEDOUT || e->e.error == EINTR);
}

/* Was the same content sent again by the same process, after it had waited in vain or a strike had dropped it? */
static bool was_replaced(const struct history *h, const struct datagram *d)
{
	uint32_t proc = h->events[d->event].proc;
	bool waited = h->events[d->event].e.flags & EVF_DROPPED;

	for (size_t i = d->event + 1; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->proc != proc)
			continue;
		waited |= waited_in_vain(e);
		if (waited && e->e.kind == EV_CALL && e->e.hash == d->hash && e->e.object == d->object && !e->e.error &&
			history_call_of(e->e.call).way == WAY_IN)
			return true;
	}
	return false;
}

/* A process that reads from an object. */
struct datagram_reader {
	uint32_t group, object, proc;
	uint64_t until;		/* stamp of the last that is known of it */
	bool died;
};

struct datagram_readers {
	struct datagram_reader *items;
	size_t n;
};

static void reader_note(struct datagram_readers *r, const struct property_input *in, uint32_t group,
	const struct history_event *e)
{
	uint32_t last;

	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].group == group && r->items[i].object == e->e.object && r->items[i].proc == e->proc) {
			/* one that is still waiting for more never went */
			if (e->e.kind == EV_INVOKED)
				r->items[i].until = UINT64_MAX;
			return;
		}
	last = who_last_event(in->history, e->proc);
	r->items = mem_grow(r->items, (r->n + 1) * sizeof(*r->items));
	r->items[r->n++] = (struct datagram_reader){ .group = group, .object = e->e.object, .proc = e->proc,
		.until = e->e.kind == EV_CALL && last ? in->history->events[last - 1].e.stamp : UINT64_MAX,
		.died = who_died(in, e->proc) };
}

static void readers_find(struct datagram_readers *r, const struct property_input *in)
{
	const struct history *h = in->history;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];
		bool call = e->e.kind == EV_CALL || e->e.kind == EV_INVOKED;

		if (call && e->channel && history_call_of(e->e.call).way == WAY_OUT &&
			kind_is_datagram(h->channels[e->channel - 1].kind))
			reader_note(r, in, group_of(&h->channels[e->channel - 1], e->channel), e);
	}
}

/* Is there anybody to read it: a reader in the group, other than its sender, that had not gone by then? */
static bool had_reader(const struct datagram_readers *r, const struct history *h, const struct datagram *d)
{
	bool found = false;

	for (size_t i = 0; i < r->n; i++) {
		const struct datagram_reader *x = &r->items[i];

		if (x->group != d->group || (x->proc == h->events[d->event].proc && x->object == d->object))
			continue;
		if (x->died)
			return false;
		found |= x->until > h->events[d->event].e.stamp;
	}
	return found;
}

static void losses_excuse(struct set *t, const struct property_input *in)
{
	struct datagram_readers readers = { .items = NULL };

	readers_find(&readers, in);
	for (size_t i = 0; i < t->n_datagrams; i++) {
		struct datagram *d = &t->datagrams[i];

		if (d->fate == FATE_LOST && ((d->struck && !(in->history->events[d->event].e.flags & EVF_DROPPED)) ||
			!had_reader(&readers, in->history, d) || was_replaced(in->history, d)))
			d->fate = FATE_EXCUSED;
	}
	free(readers.items);
}

size_t datagrams_read(struct datagram **datagrams, const struct property_input *in)
{
	struct set set = { .datagrams = NULL }, *t = &set;

	collect(t, in->history);
	if (t->n_datagrams)
		qsort(t->datagrams, t->n_datagrams, sizeof(*t->datagrams), by_hash);
	for (size_t from = 0, to; from < t->n_datagrams; from = to) {
		for (to = from; to < t->n_datagrams && t->datagrams[to].group == t->datagrams[from].group &&
			t->datagrams[to].hash == t->datagrams[from].hash;)
			to++;
		match_equal(t, in->history, from, to);
	}
	for (size_t i = 0; i < t->n_datagrams; i++)
		if (t->datagrams[i].received && t->datagrams[i].fate == FATE_FOREIGN)
			match_changed(t, &t->datagrams[i]);
	losses_excuse(t, in);
	*datagrams = set.datagrams;
	return set.n_datagrams;
}
