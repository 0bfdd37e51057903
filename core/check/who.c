/* SPDX-License-Identifier: MIT */
#include "core/check/who.h"

#include <string.h>

#include "core/base/str.h"
#include "core/model/call.h"
#include "core/base/banned.h"

uint32_t who_root(const struct history *h, uint32_t proc)
{
	for (size_t steps = 0; h->procs[proc].parent && steps < h->n_procs; steps++)
		proc = h->procs[proc].parent - 1;
	return proc;
}

const struct role_outcome *who_role(const struct property_input *in, uint32_t proc)
{
	if (!in->outcome || proc >= in->history->n_procs)
		return NULL;
	return role_named(in->outcome, in->history->procs[who_root(in->history, proc)].name);
}

bool who_lost_service(const struct property_input *in, const struct role_outcome *r)
{
	const struct outcome *o = in->outcome;

	for (uint32_t i = 0; o && r && i < o->n_roles && i < OUTCOME_ROLES; i++)
		if (o->roles[i].instead_of)
			return r->driver && !outcome_is_probe(r);
	return false;
}

const char *who_name(const struct history *h, uint32_t proc)
{
	return proc < h->n_procs ? h->procs[proc].name : "?";
}

bool who_is_hit(const struct property_input *in, const struct history_event *strike, uint32_t proc)
{
	uint32_t fault = strike->e.strike;
	const char *target = "";

	if (in->scenario && fault && fault <= in->scenario->n_faults)
		target = in->scenario->faults[fault - 1].target;
	if (!*target || !strcmp(target, "self"))
		return strike->proc == proc;
	return glob_match(target, in->history->procs[proc].name);
}

static bool child_was_killed(const struct property_input *in, uint32_t proc)
{
	const struct history *h = in->history;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->e.kind == EV_STRIKE && e->e.asked == ACT_KILL && who_is_hit(in, e, proc))
			return true;
	}
	return false;
}

bool who_died(const struct property_input *in, uint32_t proc)
{
	const struct role_outcome *r = who_role(in, proc);

	if (in->history->procs[proc].parent)
		return child_was_killed(in, proc);
	return r && (r->ended == ENDED_BY_FAULT || r->ended == ENDED_SIGNAL);
}

bool who_anybody_died(const struct property_input *in)
{
	for (uint32_t i = 0; i < in->history->n_procs; i++)
		if (who_died(in, i))
			return true;
	return false;
}

uint32_t who_struck(const struct history *h, const struct event *call)
{
	/* a fault has one action, whichever of its strikes this was */
	for (size_t i = 0; call->strike && i < h->n_events; i++)
		if (h->events[i].e.kind == EV_STRIKE && h->events[i].e.strike == call->strike)
			return h->events[i].e.asked;
	return ACT_NONE;
}

bool who_is_driver(const struct property_input *in, uint32_t proc)
{
	const struct role_outcome *r = who_role(in, proc);

	if (r)
		return r->driver;
	return !strncmp(who_name(in->history, who_root(in->history, proc)), "client", strlen("client"));
}

uint32_t who_last_event(const struct history *h, uint32_t proc)
{
	for (size_t i = h->n_events; i-- > 0;)
		if (h->events[i].proc == proc && h->events[i].e.kind != EV_INVOKED)
			return (uint32_t)i + 1;
	return 0;
}

bool who_was_cut(const struct property_input *in)
{
	return in->outcome && (in->outcome->end == RUN_TIMEOUT || in->outcome->end == RUN_BROKEN);
}

const char *who_call(uint32_t row)
{
	return row < n_calls ? call_table[row].plain : "?";
}
