/* SPDX-License-Identifier: MIT */
/*
 * same-output: every role ends and prints as in the run without faults.
 *
 * A transparent fault, one of the network and one of order must not be noticed by anybody. An error or a disruptive
 * fault may disturb the conversation that it struck, never another: the struck role, a target, and whoever shares the
 * struck channel (of a killed role: any channel) are not compared. A scenario that names this property asks for more:
 * then every role is compared that was not itself the target of a kill strike, nor a driver whose service was started
 * again after it. An interrupt runs a handler of the program's own, which may well say so on stderr: that of an
 * interrupted role is not compared. Of what is told on stderr numbers are left aside, and what differs between two
 * runs without faults is not compared at all.
 */
#include <string.h>

#include "core/check/who.h"
#include "core/model/call.h"
#include "core/model/fault.h"
#include "core/base/banned.h"

static bool disturbs(const struct event *strike)
{
	const struct fault_info *f = fault_of_action(strike->asked);

	/* Memory that was cut short is no datagram: nobody can have back what is gone. */
	if (strike->asked == ACT_TRUNCATE && strike->call < n_calls &&
		call_table[strike->call].family != FAMILY_SEND && call_table[strike->call].family != FAMILY_RECEIVE)
		return true;
	return !f || f->class == FAULT_ERROR || f->class == FAULT_DISRUPTIVE;
}

/* Does the file name this property? */
static bool is_asked(const struct property_input *in)
{
	return in->scenario && scenario_expect(in->scenario, "same-output");
}

static bool is_of(const struct property_input *in, uint32_t proc_plus_1, const struct role_outcome *r)
{
	return proc_plus_1 && proc_plus_1 <= in->history->n_procs && who_role(in, proc_plus_1 - 1) == r;
}

static bool shares(const struct property_input *in, uint32_t channel, const struct role_outcome *r)
{
	const struct history *h = in->history;

	if (!channel)
		return false;
	if (is_of(in, h->channels[channel - 1].from, r) || is_of(in, h->channels[channel - 1].to, r))
		return true;
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].channel == channel && is_of(in, h->events[i].proc + 1, r))
			return true;
	return false;
}

/* Does the role share a channel with a process that this strike killed? */
static bool shares_with_hit(const struct property_input *in, const struct history_event *strike,
	const struct role_outcome *r)
{
	const struct history *h = in->history;

	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].channel && !h->channels[h->events[i].channel - 1].listener &&
			who_is_hit(in, strike, h->events[i].proc) && shares(in, h->events[i].channel, r))
			return true;
	return false;
}

static bool is_disturbed(const struct property_input *in, const struct role_outcome *r)
{
	const struct history *h = in->history;

	if (is_asked(in))
		return r->ended == ENDED_BY_FAULT || who_lost_service(in, r);
	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->e.kind != EV_STRIKE || !disturbs(&e->e))
			continue;
		if (who_role(in, e->proc) == r || shares(in, e->channel, r))
			return true;
		for (uint32_t p = 0; p < h->n_procs; p++)
			if (who_is_hit(in, e, p) && who_role(in, p) == r)
				return true;
		if (e->e.asked == ACT_KILL && shares_with_hit(in, e, r))
			return true;
	}
	return false;
}

static bool is_interrupted(const struct property_input *in, const struct role_outcome *r)
{
	const struct history *h = in->history;

	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.kind == EV_STRIKE && h->events[i].e.asked == ACT_INTERRUPT &&
			who_role(in, h->events[i].proc) == r)
			return true;
	return false;
}

static void role_compare(const struct property_input *in, const struct role_outcome *r,
	const struct role_outcome *before, struct verdict *out)
{
	if (!before->end_varies && (r->ended != before->ended || r->status != before->status))
		verdict_set(out, VERDICT_VIOLATED, "%s ended otherwise than without faults", r->name);
	else if (!before->out_varies && !output_same(&r->out, &before->out))
		verdict_set(out, VERDICT_VIOLATED, "%s printed otherwise on stdout than without faults", r->name);
	else if (!before->err_varies && !output_alike(&r->err, &before->err) && !is_interrupted(in, r))
		verdict_set(out, VERDICT_VIOLATED, "%s printed otherwise on stderr than without faults", r->name);
}

static void same_output_check(const struct property_input *in, struct verdict *out)
{
	size_t n_compared = 0;

	for (uint32_t i = 0; i < in->outcome->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &in->outcome->roles[i];
		const struct role_outcome *before = role_named(in->baseline, r->name);

		if (!before || is_disturbed(in, r))
			continue;
		n_compared++;
		role_compare(in, r, before, out);
	}
	if (!n_compared)
		verdict_set(out, VERDICT_NOT_APPLICABLE, "every role was disturbed by a fault that may be noticed");
}

const struct property property_same_output = {
	.name = "same-output",
	.summary = "every role that a fault may not disturb ends and prints as without faults",
	.about = "processes",
	.needs_baseline = true,
	.needs_all_events = true,
	.check = same_output_check,
};
