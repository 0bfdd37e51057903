/* SPDX-License-Identifier: MIT */
/*
 * Positions of a fault-free run. A position is counted on its channel (peer and ordinal, or the object's own name), so
 * that it means the same call however the processes were scheduled.
 */
#include "core/explore/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/base/banned.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "core/model/call.h"

#define WAITED_HZ 50000	/* who was longer than its part of a second in a call has waited there */
enum { COUNTERS = 16384, RANKS_MOST = 8, MESSAGE_HEAD = 1024 };

/* How often (process, call, selector) was seen: open addressing by hash. */
struct counters {
	struct counter {
		uint64_t key;
		uint32_t n;
	} slots[COUNTERS];
};

static uint32_t *counter_at(struct counters *c, uint64_t key)
{
	uint32_t i = (uint32_t)(key % COUNTERS);

	key = key ? key : 1;
	for (uint32_t tries = 0; tries < COUNTERS; tries++, i = (i + 1) % COUNTERS) {
		if (!c->slots[i].key)
			c->slots[i].key = key;
		if (c->slots[i].key == key)
			return &c->slots[i].n;
	}
	return NULL;
}

static uint64_t text_hash(uint64_t seed, const char *text)
{
	for (; *text; text++)
		seed = rng_mix(seed ^ (unsigned char)*text);
	return seed;
}

static const struct object *object_of(const struct arena *a, const struct event *e)
{
	return e->object && e->object <= ARENA_OBJECTS ? &a->objects[e->object - 1] : NULL;
}

/* Families in which a call is counted by itself: it is not about one channel, or the channel has no steady name. */
static bool counted_by_call(uint32_t family, const struct object *o)
{
	return !o || family == FAMILY_WAIT || family == FAMILY_PROCESS || family == FAMILY_SLEEP ||
	       family == FAMILY_SIGNAL || family == FAMILY_OPEN || family == FAMILY_OTHER ||
	       o->kind == OBJ_SEM || o->kind == OBJ_SYSV_SEM;
}

/* Is there another role whose name begins like this? */
static bool is_prefix_of_others(const struct outcome *o, uint32_t role)
{
	for (uint32_t i = 0; i < o->n_roles; i++)
		if (i != role && strncmp(o->roles[i].name, o->roles[role].name, strlen(o->roles[role].name)) == 0)
			return true;
	return false;
}

/* Who connects cannot know which process of the other role will take it: any of them. */
static void select_peer(const struct sweep *w, const struct proc *peer, const struct object *o, char *pattern)
{
	const struct outcome *outcome = &w->baseline.outcome;

	if (o->flags & OBF_ACCEPTED || !peer->parent || peer->role >= outcome->n_roles ||
		is_prefix_of_others(outcome, peer->role))
		text_copy(pattern, ROLE_NAME, peer->name);
	else
		snprintf(pattern, ROLE_NAME, "%.*s*", ROLE_NAME - 2, outcome->roles[peer->role].name);
}

/* Fills `on:` so that it selects this object and no other in any run. */
static void select_object(const struct sweep *w, const struct arena *a, const struct object *o, uint32_t family,
	struct plan_fault *f, char *peer)
{
	const struct proc *other =
		o && o->peer_proc && o->peer_proc <= ARENA_PROCS ? &a->procs[o->peer_proc - 1] : NULL;

	if (counted_by_call(family, o))
		return;
	f->kinds = (uint64_t)1 << o->kind;
	if (o->kind == OBJ_PIPE || o->kind == OBJ_EVENTFD || o->kind == OBJ_SIGNALFD || o->kind == OBJ_TIMERFD ||
		o->kind == OBJ_SOCKETPAIR) {
		text_copy(f->path, sizeof(f->path), o->name);
	} else if (o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_UNIX_SEQPACKET || o->kind == OBJ_TCP) {
		if (other && !(o->flags & OBF_LISTENER))
			select_peer(w, other, o, f->peer);
		f->ordinal = o->ordinal;
	}
	if (other)
		text_copy(peer, ROLE_NAME, other->name);
}

static uint32_t site_index(struct sweep *w, const struct history *h, const struct history_event *he)
{
	char key[SITE_KEY], *slash;
	struct site site;

	site_of(h, he, &site);
	/* The name alone, whatever directory the compiler was called in: the same in every build. */
	slash = strrchr(site.file, '/');
	if (slash)
		memmove(site.file, slash + 1, strlen(slash + 1) + 1);
	site_key(&site, key, sizeof(key));
	for (uint32_t i = 0; i < w->n_sites; i++)
		if (strcmp(w->sites[i].key, key) == 0)
			return i;
	if (w->n_sites == SWEEP_SITES)
		return SWEEP_SITES - 1;
	text_copy(w->sites[w->n_sites].key, SITE_KEY, key);
	site_print(&site, w->sites[w->n_sites].text, SITE_KEY);
	text_copy(w->sites[w->n_sites].path, SITE_PATH, site.path);
	text_copy(w->sites[w->n_sites].file, SITE_FILE, site.file);
	w->sites[w->n_sites].line = site.line;
	w->sites[w->n_sites].program = site.program;
	return w->n_sites++;
}

/* Has the process, or one that it was forked from, installed a handler? */
static bool installed_handler(const struct history *h, uint32_t proc, const bool *installs)
{
	for (uint32_t steps = 0; steps < ARENA_PROCS; steps++) {
		if (installs[proc])
			return true;
		if (!h->procs[proc].parent || h->procs[proc].parent > h->n_procs)
			return false;
		proc = h->procs[proc].parent - 1;
	}
	return false;
}

/* Who takes from an object, or gives to it. */
struct users {
	uint64_t first;			/* process and thread */
	bool several;
};

/* What has to be known of the whole run before a single position can be judged. */
struct survey {
	bool *installs;			/* per process */
	bool *served;			/* per process, while walking: it has taken its first client */
	uint64_t *sent;			/* per object, while walking: what was written into it, as room that it takes */
	uint64_t *largest, *bytes, *taken;	/* per object */
	struct users *takers, *givers;	/* per object */
	uint32_t *timer_ms;		/* per process: of its timerfd that goes off once; the longest */
	bool *all_taken;		/* per event that sends into a queue: the sender knows it to be empty */
	bool *waits;			/* per site: a call has waited there */
	struct counters *counters;
	struct counters *before;	/* per process and thread, while walking: its last site + 1 */
};

/* A position as the walk over the history finds it. */
struct place {
	const struct history_event *he;
	uint64_t key;			/* hash of what selects it, without the occurrence */
	uint32_t site, occurrence;
	uint32_t before;		/* the site of the position before it in its thread, + 1; 0: none */
	uint32_t rank, total;		/* of its site and call, after the same site */
	uint64_t sent;			/* as in the survey, at that moment */
	bool served;			/* the same */
};

static bool is_fcntl(const struct event *e)
{
	return strcmp(call_table[e->call].plain, "fcntl") == 0;
}

/*
 * Of fcntl() only what waits for a lock is struck, of epoll_ctl() only what takes memory; the rest counts, so that the
 * occurrence is right.
 */
static bool only_counts(const struct event *e)
{
	if (strcmp(call_table[e->call].plain, "epoll_ctl") == 0)
		return e->asked != EPOLL_CTL_ADD;
	return is_fcntl(e) && e->asked != F_SETLKW && e->asked != F_OFD_SETLKW;
}

static bool is_position(const struct sweep *w, const struct history_event *he)
{
	const struct call *call;

	if ((he->e.kind != EV_CALL && he->e.kind != EV_INVOKED) || he->e.call >= n_calls)
		return false;
	call = &call_table[he->e.call];
	/* A descriptor that was never open, a signal that is only sent, the rest: nothing to strike. */
	return (call->family == FAMILY_OTHER ? is_fcntl(&he->e) || arms(call) :
		call->family != FAMILY_SIGNAL || call->restart != RESTART_NEVER_BLOCKS) || may_be_refused(w, call);
}

static void user_note(struct users *u, const struct history_event *he)
{
	uint64_t who = ((uint64_t)he->proc << 32 | he->e.tid) + 1;

	u->several |= u->first && u->first != who;
	u->first = who;
}

static void survey_make(struct sweep *w, const struct history *h, const struct arena *a, struct survey *s)
{
	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *he = &h->events[i];
		const struct event *e = &he->e;
		const struct object *o = object_of(a, e);

		if (e->kind != EV_CALL || e->call >= n_calls)
			continue;
		if (strcmp(call_table[e->call].plain, "sigaction") == 0 ||
			strcmp(call_table[e->call].plain, "signal") == 0)
			s->installs[he->proc] = true;
		if (strcmp(call_table[e->call].plain, "timerfd_settime") == 0 && e->asked > s->timer_ms[he->proc])
			s->timer_ms[he->proc] = e->asked;
		if (call_table[e->call].family == FAMILY_SIGNAL && e->fd != -1 && e->asked < 64)
			w->avoid_signals |= (uint64_t)1 << e->asked;
		if (o && call_table[e->call].family <= FAMILY_SEND)
			user_note(&(call_table[e->call].family == FAMILY_SEND ? s->givers : s->takers)[e->object - 1],
				he);
		if (!o || e->result <= 0)
			continue;
		if (call_table[e->call].family == FAMILY_RECEIVE)
			s->taken[e->object - 1] += (uint64_t)e->result;
		if (call_table[e->call].family == FAMILY_SEND) {
			s->bytes[e->object - 1] += (uint64_t)e->result;
			if (e->asked > s->largest[e->object - 1])
				s->largest[e->object - 1] = e->asked;
		}
	}
}

static bool worth_a_trial(uint32_t rank, uint32_t total)
{
	static const uint32_t steps[RANKS_MOST] = { 1, 2, 3, 5, 8, 13, 34, 89 };

	if (rank + 1 >= total)
		return true;
	for (int i = 0; i < RANKS_MOST; i++)
		if (steps[i] == rank)
			return true;
	return false;
}

static uint32_t role_of(const struct sweep *w, const struct history *h, uint32_t proc)
{
	const struct outcome *o = &w->baseline.outcome;
	uint32_t instance = h->procs[proc].role;

	return instance < o->n_roles ? o->roles[instance].role : 0;
}

static bool is_driver(const struct sweep *w, const struct history *h, uint32_t proc)
{
	uint32_t instance = h->procs[proc].role;

	return instance < w->baseline.outcome.n_roles && w->baseline.outcome.roles[instance].driver;
}

/* Is it the process, or one that it was forked from and may have its descriptors of? */
static bool is_or_begot(const struct history *h, uint32_t one, uint32_t proc)
{
	for (uint32_t steps = 0; one != proc && steps < ARENA_PROCS; steps++) {
		if (!h->procs[proc].parent || h->procs[proc].parent > h->n_procs)
			return false;
		proc = h->procs[proc].parent - 1;
	}
	return one == proc;
}

/*
 * The drivers that a conversation between two services may be held for: those that talk to one of its two processes.
 * 0: one of the two is a driver itself.
 */
static uint64_t clients_behind(const struct sweep *w, const struct history *h, const struct arena *a, uint32_t proc,
	const struct object *o)
{
	uint32_t peer = o && o->peer_proc && o->peer_proc <= h->n_procs ? o->peer_proc - 1 : proc;
	uint64_t clients = 0;

	if (is_driver(w, h, proc) || is_driver(w, h, peer))
		return 0;
	for (uint32_t i = 0; i < a->n_objects && i < ARENA_OBJECTS; i++) {
		const struct object *other = &a->objects[i];
		uint32_t one = other->proc, two = other->peer_proc - 1;

		if (!other->peer_proc || two >= h->n_procs || one >= h->n_procs)
			continue;
		if ((is_or_begot(h, one, proc) || is_or_begot(h, one, peer)) && is_driver(w, h, two))
			clients |= (uint64_t)1 << h->procs[two].role;
		if ((is_or_begot(h, two, proc) || is_or_begot(h, two, peer)) && is_driver(w, h, one))
			clients |= (uint64_t)1 << h->procs[one].role;
	}
	return clients;
}

/* All processes of a role instance, if their names tell them from everybody else's. */
static bool all_of(const struct sweep *w, uint32_t instance, char *pattern)
{
	const struct outcome *o = &w->baseline.outcome;

	if (instance >= o->n_roles || is_prefix_of_others(o, instance))
		return false;
	snprintf(pattern, ROLE_NAME, "%.*s*", ROLE_NAME - 2, o->roles[instance].name);
	return true;
}

/* Who is waited for: the other end, or the only other one that there is. */
static void other_find(const struct sweep *w, const struct history *h, uint32_t proc, const struct object *o,
	char *pattern)
{
	uint32_t mine = h->procs[proc].role;

	if (o && o->peer_proc && o->peer_proc <= h->n_procs && o->peer_proc - 1 != proc) {
		const struct history_proc *peer = &h->procs[o->peer_proc - 1];

		if (peer->role == mine || !all_of(w, peer->role, pattern))
			text_copy(pattern, ROLE_NAME, peer->name);
	} else if (w->baseline.outcome.n_roles == 2 && mine < 2) {
		all_of(w, 1 - mine, pattern);
	} else if (h->n_procs == 2 && proc < 2) {
		text_copy(pattern, ROLE_NAME, h->procs[1 - proc].name);
	}
}

/* Who is struck, at which call, on which channel. */
static void select_place(const struct sweep *w, const struct history *h, const struct arena *a,
	const struct history_event *he, struct candidate *c)
{
	const struct call *call = &call_table[he->e.call];

	*c = (struct candidate){ .fault = { .fd = -1, .trigger = TRIG_NTH, .times = 1 } };
	text_copy(c->process, ROLE_NAME, h->procs[he->proc].name);
	text_copy(c->fault.where.in, ROLE_NAME, c->process);
	text_copy(c->call, sizeof(c->call), call->plain);
	select_object(w, a, object_of(a, &he->e), call->family, &c->fault, c->peer);
}

static void place_find(struct sweep *w, const struct history *h, const struct arena *a, struct survey *s,
	const struct history_event *he, struct place *place)
{
	const struct object *o = object_of(a, &he->e);
	struct candidate c;
	uint32_t *n, *before;
	uint64_t key;

	select_place(w, h, a, he, &c);
	key = text_hash(rng_mix(c.fault.kinds ^ (uint64_t)c.fault.ordinal << 56), c.process);
	key = text_hash(text_hash(text_hash(key, c.call), c.fault.peer), c.fault.path);
	n = counter_at(s->counters, key);
	before = counter_at(s->before, rng_mix((uint64_t)he->proc << 32 | he->e.tid));
	*place = (struct place){ .he = he, .key = key, .site = site_index(w, h, he), .occurrence = n ? ++*n : 0,
				 .sent = o && !s->all_taken[he - h->events] ? s->sent[he->e.object - 1] : 0,
				 .served = s->served[he->proc], .before = before ? *before : 0 };
	if (before)
		*before = place->site + 1;
}

static int by_number(uint64_t x, uint64_t y)
{
	return x < y ? -1 : x > y;
}

static const char *before_key(const struct sweep *w, const struct place *p)
{
	return p->before ? w->sites[p->before - 1].key : "";
}

/*
 * By names and numbers that are the same in every run, never by time: processes overtake each other, and the same
 * exploration is to try the same faults in the same order.
 */
static int by_site(const struct sweep *w, const struct place *x, const struct place *y)
{
	const struct sweep_site *sx = &w->sites[x->site], *sy = &w->sites[y->site];
	int order = strcmp(sx->file, sy->file);

	order = order ? order : by_number((uint64_t)sx->line, (uint64_t)sy->line);
	order = order ? order : strcmp(sx->key, sy->key);
	order = order ? order : strcmp(call_table[x->he->e.call].plain, call_table[y->he->e.call].plain);
	/* A function that all of a program sends with is called for many reasons: what came before tells them apart. */
	return order ? order : strcmp(before_key(w, x), before_key(w, y));
}

struct ordering {
	const struct sweep *w;
	const struct history *h;
};

/* All of a site and call together; there, first the first of each channel. */
static int by_occurrence(const void *a, const void *b, void *data)
{
	const struct ordering *by = data;
	const struct place *x = a, *y = b;
	int order = by_site(by->w, x, y);

	order = order ? order : by_number(x->occurrence, y->occurrence);
	order = order ? order : strcmp(by->h->procs[x->he->proc].name, by->h->procs[y->he->proc].name);
	return order ? order : by_number(x->key, y->key);
}

/* Numbers the places of each site and call, which lie side by side. */
static void ranks_give(const struct sweep *w, struct place *places, size_t n)
{
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from; to < n && by_site(w, &places[from], &places[to]) == 0; to++)
			places[to].rank = (uint32_t)(to - from + 1);
		for (size_t i = from; i < to; i++)
			places[i].total = (uint32_t)(to - from);
	}
}

void select_call(const char *plain, struct call_set *out)
{
	char exact[sizeof(((struct candidate *)NULL)->call) + 2];

	snprintf(exact, sizeof(exact), "%s()", plain);
	call_select(exact, out);
}

/* The how-manieth call of its name is it, of all that its process makes? */
static uint32_t number_of_call(const struct history *h, const struct history_event *he)
{
	const char *plain = call_table[he->e.call].plain;
	uint32_t n = 1;

	for (const struct history_event *at = h->events; at < he; at++)
		n += at->proc == he->proc && at->e.kind == EV_CALL && at->e.call < n_calls &&
		     strcmp(call_table[at->e.call].plain, plain) == 0;
	return n;
}

static void offer(struct sweep *w, const struct history *h, const struct arena *a, const struct survey *s,
	const struct place *place)
{
	const struct history_event *he = place->he;
	const struct object *o = object_of(a, &he->e);
	struct position p = { .event = he, .object = o, .sent = place->sent, .driver = is_driver(w, h, he->proc),
			      .has_handler = installed_handler(h, he->proc, s->installs),
			      .last = place->rank == place->total, .near_end = place->rank + 1 >= place->total,
			      .waits = s->waits[place->site], .timer_ms = s->timer_ms[he->proc] };
	struct candidate c;

	select_place(w, h, a, he, &c);
	select_call(c.call, &c.fault.where.at);
	c.site = place->site;
	c.occurrence = place->occurrence;
	c.rank = place->rank;
	c.fault.n = c.occurrence;
	c.role = role_of(w, h, he->proc);
	c.before_ready = !place->served;
	c.clients = clients_behind(w, h, a, he->proc, o);
	c.of_service = !p.driver;
	other_find(w, h, he->proc, o, p.other);
	p.of_call = stalls_wanted(w) ? number_of_call(h, he) : 0;
	if (o) {
		p.largest_write = s->largest[he->e.object - 1];
		p.bytes = s->bytes[he->e.object - 1];
		p.taken = s->taken[he->e.object - 1];
		p.within = o->peer && call_table[he->e.call].family == FAMILY_RECEIVE && is_within_write(h, he, o);
		c.fault.sole = !(call_table[he->e.call].family == FAMILY_SEND ? s->givers :
					s->takers)[he->e.object - 1].several;
	}
	w->n_positions++;
	menu_offer(w, &p, &c);
}

/*
 * Has the process begun to serve? A look in vain, or a thread that waits from its start on, is no sign of it, nor is
 * what the kernel answers; a look with MSG_PEEK that found no channel is followed by the receive itself.
 */
static bool takes_client(const struct event *e, const struct object *o, uint32_t family)
{
	if (o && o->kind == OBJ_NETLINK)
		return false;
	if (family == FAMILY_WAIT)
		return e->kind == EV_CALL && e->result > 0;
	return family == FAMILY_ACCEPT || (family == FAMILY_RECEIVE && o && e->kind == EV_CALL && e->result >= 0);
}

/* At most: what is written to a pipe fills its pages at least half; a socket keeps a head beside each piece. */
static uint64_t room_taken(const struct object *o, uint64_t bytes)
{
	return o->kind == OBJ_PIPE || o->kind == OBJ_FIFO ? 2 * bytes : bytes + MESSAGE_HEAD;
}

static bool has_waited(const struct history *h, const struct event *e)
{
	return e->kind == EV_INVOKED || (h->tick_hz && e->ticks > h->tick_hz / WAITED_HZ);
}

/* What a role itself begins with, not a child of it. */
static void first_note(struct sweep *w, const struct history *h, const struct history_event *he)
{
	uint32_t family = call_table[he->e.call].family, role = h->procs[he->proc].role;

	if (role < OUTCOME_ROLES && !h->procs[he->proc].parent && !w->baseline.first_call[role] &&
		family != FAMILY_PROCESS && family != FAMILY_SLEEP && family != FAMILY_OTHER)
		w->baseline.first_call[role] = he->e.call + 1u;
}

/* From the beginning to the end, as it happened. */
static size_t places_walk(
	struct sweep *w, const struct history *h, const struct arena *a, struct survey *s, struct place *places)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *he = &h->events[i];
		uint32_t family;

		if (!is_position(w, he))
			continue;
		family = call_table[he->e.call].family;
		first_note(w, h, he);
		if (takes_client(&he->e, object_of(a, &he->e), family))
			s->served[he->proc] = true;
		place_find(w, h, a, s, he, &places[n]);
		s->waits[places[n].site] |= has_waited(h, &he->e);
		n += places[n].occurrence != 0 && !only_counts(&he->e);
		if (family == FAMILY_SEND && object_of(a, &he->e) && he->e.result >= 0 && !he->e.error)
			s->sent[he->e.object - 1] += room_taken(object_of(a, &he->e), (uint64_t)he->e.result);
	}
	return n;
}

/* A look at what waits (MSG_PEEK) is recorded without its channel, for it moves nothing: that of the next receive. */
static void peeks_place(struct history *h)
{
	for (size_t i = 0; i < h->n_events; i++) {
		struct history_event *peek = &h->events[i];

		if (peek->e.kind != EV_CALL || peek->e.object || peek->e.fd < 0 || peek->e.call >= n_calls ||
			call_table[peek->e.call].family != FAMILY_RECEIVE)
			continue;
		for (size_t k = i + 1; k < h->n_events && !peek->e.object; k++) {
			const struct history_event *next = &h->events[k];

			if (next->proc == peek->proc && next->e.kind == EV_CALL && next->e.fd == peek->e.fd)
				peek->e.object = next->e.object;
		}
	}
}

void positions_collect(struct sweep *w, struct history *h, const struct arena *a)
{
	struct survey s = {
		.installs = mem_new(h->n_procs + 1),
		.served = mem_new(h->n_procs + 1),
		.timer_ms = mem_new((h->n_procs + 1) * sizeof(uint32_t)),
		.sent = mem_new(ARENA_OBJECTS * sizeof(uint64_t)),
		.largest = mem_new(ARENA_OBJECTS * sizeof(uint64_t)),
		.bytes = mem_new(ARENA_OBJECTS * sizeof(uint64_t)),
		.taken = mem_new(ARENA_OBJECTS * sizeof(uint64_t)),
		.all_taken = mem_new(h->n_events + 1),
		.waits = mem_new(SWEEP_SITES),
		.takers = mem_new(ARENA_OBJECTS * sizeof(struct users)),
		.givers = mem_new(ARENA_OBJECTS * sizeof(struct users)),
		.counters = mem_new(sizeof(struct counters)),
		.before = mem_new(sizeof(struct counters)),
	};
	struct place *places = mem_new((h->n_events + 1) * sizeof(*places));
	struct ordering by = { .w = w, .h = h };
	size_t n;

	peeks_place(h);
	survey_make(w, h, a, &s);
	backlog_learn(h, a, s.all_taken);
	w->longest_rest_ms = longest_rest_ms(h);
	n = places_walk(w, h, a, &s, places);
	qsort_r(places, n, sizeof(*places), by_occurrence, &by);
	ranks_give(w, places, n);
	for (size_t i = 0; i < n; i++)
		if (worth_a_trial(places[i].rank, places[i].total))
			offer(w, h, a, &s, &places[i]);
	free(places);
	free(s.installs);
	free(s.served);
	free(s.timer_ms);
	free(s.sent);
	free(s.largest);
	free(s.bytes);
	free(s.taken);
	free(s.all_taken);
	free(s.waits);
	free(s.takers);
	free(s.givers);
	free(s.counters);
	free(s.before);
}
