/* SPDX-License-Identifier: MIT */
/* What only the history of a struck run can tell. */
#include "core/explore/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/check/kinds.h"
#include "core/model/call.h"
#include "core/model/property.h"
#include "core/model/technique.h"

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

enum symptom judge_history(const struct sweep *w, const struct candidate *c, const struct outcome *o,
	const struct history *h, struct trial *t)
{
	enum symptom symptom = makes_shortage(c) ? judge_shortage(c, h, t) : judge_repeated(w, c, h, t);

	symptom = symptom ? symptom : judge_in_vain(w, c, o, h, t);
	if (symptom && is_benign(w, symptom))
		symptom = SYMPTOM_NONE;
	return symptom ? symptom : judge_expected(w, c, o, h, t);
}
