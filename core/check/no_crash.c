/* SPDX-License-Identifier: MIT */
/*
 * no-crash: no role is ended by a signal, unless the scenario sent it: as its `stop:`, or by a kill strike. What the
 * harness killed because the run was over did not crash. Of a process below a role's own, a signal that tells of a
 * mistake of its own (SIGSEGV, SIGABRT …) counts; that others end it is the parent's business.
 */
#include <stdio.h>
#include <string.h>

#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static void child_check(const struct property_input *in, const struct role_outcome *r, struct verdict *out)
{
	const char *signal = signal_name(r->child_signal);

	for (uint32_t p = 0; p < in->history->n_procs; p++)
		if (!strcmp(in->history->procs[p].name, r->child) && who_last_event(in->history, p))
			verdict_evidence(out, who_last_event(in->history, p) - 1);
	verdict_set(out, VERDICT_VIOLATED, "%s was killed by signal %s", r->child, signal ? signal : "?");
}

static void no_crash_check(const struct property_input *in, struct verdict *out)
{
	for (uint32_t i = 0; i < in->outcome->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &in->outcome->roles[i];
		const char *signal = signal_name(r->status);
		char number[16];

		if (r->child_signal)
			child_check(in, r, out);
		if (r->ended != ENDED_SIGNAL)
			continue;
		snprintf(number, sizeof(number), "%d", r->status);
		for (uint32_t p = 0; p < in->history->n_procs; p++)
			if (!in->history->procs[p].parent && who_role(in, p) == r && who_last_event(in->history, p))
				verdict_evidence(out, who_last_event(in->history, p) - 1);
		verdict_set(out, VERDICT_VIOLATED, "%s was killed by signal %s", r->name, signal ? signal : number);
	}
}

const struct property property_no_crash = {
	.name = "no-crash",
	.summary = "no role is ended by a signal that the scenario did not send",
	.about = "processes",
	.check = no_crash_check,
};
