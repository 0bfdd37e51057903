/* SPDX-License-Identifier: MIT */
/* What only the history of a struck run can tell. */
#include "core/explore/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/check/kinds.h"
#include "core/model/call.h"
#include "core/model/property.h"
#include "core/model/technique.h"

/*
 * The shortage lasts for 30 ms. Who rests for a millisecond between two tries makes thirty of them; who does not makes
 * thousands, or hundreds on a busy machine, where it also loses the CPU now and then in the midst of a call.
 */
enum { RESTLESS_TRIES = 150, TRIES_A_REST = 30, REST_HZ = 1000 };

enum { REPEATED_MOST = 6, VAIN_TIMES = 3 };

/* What does not hold without any fault, although nobody has said so, would say nothing of one. */
void baseline_judge(struct sweep *w, const struct history *h)
{
	struct property_input in = { .history = h, .outcome = &w->baseline.outcome, .scenario = w->scenario,
				     .traits = scenario_traits(w->scenario) };

	for (size_t i = 0; i < n_properties && i < 64; i++) {
		const struct property *p = property_table[i];
		struct verdict v = { .value = VERDICT_HOLDS };

		if (p->unavailable || p->needs_baseline || scenario_expect(w->scenario, p->name))
			continue;
		property_check(p, &in, &v);
		if (v.value != VERDICT_VIOLATED && v.value != VERDICT_UNKNOWN)
			continue;
		w->baseline.unmet |= (uint64_t)1 << i;
		if (v.value == VERDICT_VIOLATED && strcmp(p->name, "clean-exit") != 0)
			baseline_note(&w->baseline, "%s is violated without any fault: %s\n", p->name, v.why);
	}
}

/* The user's own expectations: what `expect:` says must hold. */
static enum symptom judge_expected(const struct sweep *w, const struct candidate *c, const struct outcome *o,
	const struct history *h, struct trial *t)
{
	struct scenario s = *w->scenario;
	struct property_input in = { .history = h, .outcome = o, .scenario = &s, .baseline = &w->baseline.outcome,
				     .traits = scenario_traits(&s) };

	s.faults[0] = c->fault;
	s.faults[1] = c->also;
	s.n_faults = c->has_also ? 2 : 1;
	for (size_t i = 0; i < s.n_expects; i++) {
		const struct expect *e = &s.expects[i];
		const struct property *p = e->property ? property_find(e->property) : NULL;
		struct verdict v = { .value = VERDICT_HOLDS };

		if (!p || e->benign || e->verdict != VERDICT_HOLDS)
			continue;
		property_check(p, &in, &v);
		if (v.value != VERDICT_VIOLATED)
			continue;
		text_copy(t->property, sizeof(t->property), p->name);
		return judge_say(t, strcmp(p->name, "no-loss") == 0 ? SYMPTOM_LOSS : SYMPTOM_WRONG_OUTPUT, c->process,
			"%s is violated: %s", p->name, v.why);
	}
	return SYMPTOM_NONE;
}

static bool makes_shortage(const struct candidate *c)
{
	return c->fault.action == ACT_FAIL && !c->lasting && (c->fault.value == EMFILE || c->fault.value == ENFILE) &&
	       strncmp(c->call, "accept", 6) == 0;
}

bool wants_history(const struct sweep *w, const struct candidate *c)
{
	return w->scenario->n_expects || makes_shortage(c) ||
	       ((c->fault.action == ACT_DUPLICATE || c->fault.action == ACT_DROP) && !c->has_also);
}

/* A datagram that somebody has sent, and how often: by its sender and its content. */
struct datagram {
	uint32_t proc, times;
	uint64_t hash;
};

static int by_sender(const void *a, const void *b)
{
	const struct datagram *x = a, *y = b;

	if (x->proc != y->proc)
		return x->proc < y->proc ? -1 : 1;
	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static bool sends_datagram(const struct history *h, const struct history_event *he)
{
	const struct event *e = &he->e;

	return e->kind == EV_CALL && he->channel && kind_is_datagram(h->channels[he->channel - 1].kind) &&
	       e->call < n_calls && call_table[e->call].family == FAMILY_SEND && e->result > 0 && e->hash;
}

/* Sorted; those of the drivers' first go only, as a probe repeats it all. */
static struct datagram *datagrams_sent(const struct history *h, size_t *n)
{
	struct datagram *all = NULL;
	size_t kept = 0, n_events = history_first_go(h);

	*n = 0;
	for (size_t i = 0; i < n_events; i++) {
		if (!sends_datagram(h, &h->events[i]))
			continue;
		all = mem_grow(all, (*n + 1) * sizeof(*all));
		all[(*n)++] = (struct datagram){ h->events[i].proc, 1, h->events[i].e.hash };
	}
	if (all)
		qsort(all, *n, sizeof(*all), by_sender);
	for (size_t i = 0; i < *n; i++) {
		if (kept && by_sender(&all[kept - 1], &all[i]) == 0)
			all[kept - 1].times++;
		else
			all[kept++] = all[i];
	}
	*n = kept;
	return all;
}

struct repeats datagrams_repeated(const struct history *h)
{
	struct repeats r = { 0, 0 };
	size_t n;
	struct datagram *all = datagrams_sent(h, &n);

	for (size_t i = 0; i < n; i++) {
		r.n += all[i].times > 1;
		r.most = all[i].times > r.most ? all[i].times : r.most;
	}
	free(all);
	return r;
}

/*
 * One datagram that came twice may be answered twice (RFC 1123, 4.2.3.1: the sorcerer's apprentice); what is said from
 * then on is said once.
 */
static enum symptom judge_repeated(
	const struct sweep *w, const struct candidate *c, const struct history *h, struct trial *t)
{
	uint32_t repeated;

	if (c->fault.action != ACT_DUPLICATE || c->has_also)
		return SYMPTOM_NONE;
	repeated = datagrams_repeated(h).n;
	if (repeated < w->baseline.repeats.n + REPEATED_MOST)
		return SYMPTOM_NONE;
	return judge_say(t, SYMPTOM_AMPLIFIED, c->process,
		"%u different datagrams are sent twice or more, without the fault %u", repeated,
		w->baseline.repeats.n);
}

/*
 * Who does not ask again may fail when a datagram is lost. Who does, time and again, and fails all the same has a
 * peer that does not answer what is repeated: more was sent than was lost.
 */
static enum symptom judge_in_vain(const struct sweep *w, const struct candidate *c, const struct outcome *o,
	const struct history *h, struct trial *t)
{
	enum symptom symptom = SYMPTOM_NONE;
	struct datagram *all;
	size_t n;

	if (c->fault.action != ACT_DROP || c->has_also)
		return SYMPTOM_NONE;
	all = datagrams_sent(h, &n);
	for (size_t i = 0; i < n && !symptom; i++) {
		uint32_t role = h->procs[all[i].proc].role;
		const struct role_outcome *r = role < o->n_roles ? &o->roles[role] : NULL;

		if (!r || !r->driver || r->ended != ENDED_EXIT || !r->status || w->baseline.end_varies[role] ||
			w->baseline.outcome.roles[role].status == r->status ||
			all[i].times < w->baseline.repeats.most + c->fault.times - 1 + VAIN_TIMES)
			continue;
		symptom = judge_say(t, SYMPTOM_WRONG_OUTPUT, r->name,
			"%s sends the same %u times in vain and ends with exit status %d: %u datagram%s lost", r->name,
			all[i].times, r->status, c->fault.times, c->fault.times == 1 ? " was" : "s were");
	}
	free(all);
	return symptom;
}

/* Tries of one thread that failed for want of descriptors, and the calls in between that took their time. */
struct tries {
	uint32_t proc, tid, n, rests, pending;
};

static void tries_count(struct tries *t, const struct history *h, const struct history_event *he, int error)
{
	const struct event *e = &he->e;

	if (e->error == error && e->call < n_calls && call_table[e->call].family == FAMILY_ACCEPT) {
		t->n++;
		t->rests += t->pending;
		t->pending = 0;
	} else if (h->tick_hz && e->ticks >= h->tick_hz / REST_HZ) {
		t->pending += t->n != 0;
	}
}

/* Without descriptors for a moment: who asks for one over and over without a rest keeps the machine from the others. */
static enum symptom judge_shortage(const struct candidate *c, const struct history *h, struct trial *t)
{
	struct tries *all = NULL;
	enum symptom symptom = SYMPTOM_NONE;
	size_t n = 0;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *he = &h->events[i];
		size_t k = 0;

		if (he->e.kind != EV_CALL)
			continue;
		while (k < n && (all[k].proc != he->proc || all[k].tid != he->e.tid))
			k++;
		if (k == n) {
			all = mem_grow(all, (n + 1) * sizeof(*all));
			all[n++] = (struct tries){ .proc = he->proc, .tid = he->e.tid };
		}
		tries_count(&all[k], h, he, (int)c->fault.value);
	}
	for (size_t k = 0; k < n && !symptom; k++)
		if (all[k].n >= RESTLESS_TRIES && all[k].n >= TRIES_A_REST * (all[k].rests + 1))
			symptom = judge_say(t, SYMPTOM_BUSY_LOOP, c->process,
				"%s asks again and again without a rest as long as descriptors are short",
				h->procs[all[k].proc].name);
	free(all);
	return symptom;
}

enum symptom judge_history(const struct sweep *w, const struct candidate *c, const struct outcome *o,
	const struct history *h, struct trial *t)
{
	enum symptom symptom = makes_shortage(c) ? judge_shortage(c, h, t) : judge_repeated(w, c, h, t);

	symptom = symptom ? symptom : judge_in_vain(w, c, o, h, t);
	if (symptom && is_benign(w, symptom))
		symptom = SYMPTOM_NONE;
	return symptom ? symptom : judge_expected(w, c, o, h, t);
}
