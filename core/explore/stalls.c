/* SPDX-License-Identifier: MIT */
/*
 * A client that stalls for good, where the file expects that nobody starves: one driver is stopped, after it has
 * connected, between its messages or in the midst of one; the others begin then, and have to end as ever.
 */
#include "core/explore/menu.h"

#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/check/waits.h"

#define HOLD_LIMIT_NS 1000000000	/* who is to be stopped may need the others to get there */
enum { RANKS_OF_STALL = 3 };

static const char property_name[] = "no-starvation";

static bool is_asked(const struct scenario *s)
{
	const struct expect *e = scenario_expect(s, property_name);

	return e && e->verdict == VERDICT_HOLDS && !e->benign;
}

static uint32_t count_drivers(const struct outcome *o)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->n_roles; i++)
		n += o->roles[i].driver;
	return n;
}

bool stalls_wanted(const struct sweep *w)
{
	return is_asked(w->scenario) && count_drivers(&w->baseline.outcome) > 1;
}

static void offer_stop(struct sweep *w, const struct candidate *like, enum when when, const char *label)
{
	dish_add(w, like, &(struct dish){ .action = ACT_PAUSE, .value = PAUSE_FOR_GOOD, .grade = GRADE_DISRUPTIVE,
			     .when = when, .times = 1 }, label);
}

static bool is_stream_socket(const struct object *o)
{
	return o && (o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_TCP);
}

/* Half of it is sent, and the rest is not. */
static void offer_half(struct sweep *w, const struct candidate *like, int64_t half)
{
	struct candidate c = *like;

	c.has_also = true;
	c.also = like->fault;
	c.also.action = ACT_SHORT;
	c.also.value = half;
	c.also.realism = (uint32_t)w->scenario->realism;
	c.also_site = like->site;
	snprintf(c.also_label, sizeof(c.also_label), "short: %lld", (long long)half);
	text_copy(c.also_call, sizeof(c.also_call), like->call);
	offer_stop(w, &c, WHEN_AFTER, "pause: for good, half sent");
}

void stalls_offer(struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	const struct event *e = &p->event->e;
	struct candidate c = *like;

	/* The second of a role does the same as the first. */
	if (!p->of_call || !p->driver || strchr(like->process, '/') || (like->rank > RANKS_OF_STALL && !p->last) ||
		e->kind != EV_CALL || e->error)
		return;
	c.stall_call = p->of_call;
	switch (call->family) {
	case FAMILY_CONNECT:
		offer_stop(w, &c, WHEN_AFTER, "pause: for good after");
		break;
	case FAMILY_SEND:
		offer_stop(w, &c, WHEN_BEFORE, "pause: for good");
		if (is_stream_socket(p->object) && e->result > 1)
			offer_half(w, &c, e->result / 2);
		break;
	case FAMILY_RECEIVE:
		if (like->rank == 1)
			offer_stop(w, &c, WHEN_BEFORE, "pause: for good");
		break;
	default:
		break;
	}
}

uint32_t stalls_hold(const struct sweep *w, const struct candidate *c, struct plan_fault *faults, uint32_t room)
{
	const struct outcome *o = &w->baseline.outcome;
	uint32_t n = 0;

	for (uint32_t i = 0; c->stall_call && i < o->n_roles && n < room; i++) {
		struct plan_fault *f = &faults[n];
		uint32_t first = w->baseline.first_call[i];

		if (!o->roles[i].driver || !first || is_struck(c, &o->roles[i]))
			continue;
		*f = (struct plan_fault){ .fd = -1, .trigger = TRIG_NTH, .n = 1, .times = 1, .action = ACT_HOLD,
					  .has_until = 1, .until = c->fault.where, .limit_ns = HOLD_LIMIT_NS,
					  .realism = c->fault.realism };
		text_copy(f->where.in, sizeof(f->where.in), o->roles[i].name);
		select_call(call_table[first - 1].plain, &f->where.at);
		f->until.nth = c->stall_call;
		n++;
	}
	return n;
}

/* Who was kept waiting. */
static const char *starved_driver(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_starving; i++) {
		const struct waiter *one = &o->starving[i];

		if (one->role < o->n_roles && o->roles[one->role].driver && strcmp(one->process, o->stalled) != 0)
			return one->process;
	}
	return o->stalled;
}

enum symptom judge_stall(const struct outcome *o, struct trial *t)
{
	enum symptom symptom;
	struct str s = STR_NONE;

	if (!o->starved)
		return SYMPTOM_NONE;
	waits_starved(&s, o);
	text_copy(t->property, sizeof(t->property), property_name);
	symptom = judge_say(t, SYMPTOM_HANG, starved_driver(o), "%s", str_get(&s));
	str_fini(&s);
	return symptom;
}

enum symptom judge_unserved(const struct role_outcome *r, enum symptom symptom, struct trial *t)
{
	/* Who says nothing of it is told by what he prints. */
	if (r->ended != ENDED_EXIT || !r->status)
		return symptom;
	text_copy(t->property, sizeof(t->property), property_name);
	return SYMPTOM_DOWN;
}

const struct waiter *stall_place(const struct outcome *o, const char *role)
{
	const struct waiter *found = NULL;

	for (uint32_t i = 0; o->starved && i < o->n_starving; i++) {
		const struct waiter *one = &o->starving[i];

		if (!one->call)
			continue;
		if (strcmp(one->for_whom, o->stalled) == 0 && strcmp(one->process, o->stalled) != 0)
			return one;
		found = strcmp(one->process, role) == 0 ? one : found;
	}
	return found;
}
