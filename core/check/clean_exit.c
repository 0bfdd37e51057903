/* SPDX-License-Identifier: MIT */
/*
 * clean-exit: every role ends with status 0, or with what `expect: exit:` asks of it, or as its `stop:` says.
 *
 * A role that a kill strike ended is not asked. One that had to be killed because the run was over is unclean, unless
 * it is a service for which the scenario names no `stop:`: nobody told it to end. When a service has died and was
 * started again, the drivers before that may have failed with it; those after it have to end well.
 */
#include <string.h>

#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

enum { NOTHING_SAID = -1 };

/* What is said of its very name (client/2), or of all of that role; NOTHING_SAID. */
static int said_status(const struct scenario *s, const struct role_outcome *r)
{
	const char *role = s && r->role < s->n_roles ? s->roles[r->role].name : NULL;
	int expected = NOTHING_SAID;

	for (size_t i = 0; s && i < s->n_expects; i++) {
		const struct expect *e = &s->expects[i];

		if (e->exit_role && !strcmp(e->exit_role, r->name))
			return e->exit_code;
		if (e->exit_role && role && !strcmp(e->exit_role, role))
			expected = e->exit_code;
	}
	return expected;
}

static bool has_stop(const struct scenario *s, const struct role_outcome *r)
{
	return s && r->role < s->n_roles && s->roles[r->role].stop;
}

static void role_check(const struct property_input *in, const struct role_outcome *r, struct verdict *out)
{
	int said = said_status(in->scenario, r), expected = said == NOTHING_SAID ? 0 : said;
	const char *signal = signal_name(r->status);

	switch (r->ended) {
	case ENDED_EXIT:
		if (r->status != expected && !(said == NOTHING_SAID && who_lost_service(in, r)))
			verdict_set(out, VERDICT_VIOLATED, "%s ended with status %d instead of %d", r->name, r->status,
				expected);
		break;
	case ENDED_SIGNAL:
		verdict_set(out, VERDICT_VIOLATED, "%s was ended by signal %s", r->name, signal ? signal : "?");
		break;
	case ENDED_BY_HARNESS:
		if (!r->service || has_stop(in->scenario, r))
			verdict_set(out, VERDICT_VIOLATED, "%s had to be killed: it did not end by itself", r->name);
		break;
	case ENDED_NOT:
		verdict_set(out, VERDICT_UNKNOWN, "%s was never started", r->name);
		break;
	case ENDED_BY_STOP:
	case ENDED_BY_FAULT:
		break;
	}
}

static void clean_exit_check(const struct property_input *in, struct verdict *out)
{
	for (uint32_t i = 0; i < in->outcome->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &in->outcome->roles[i];
		enum verdict_value before = out->value;

		role_check(in, r, out);
		if (out->value == before)
			continue;
		for (uint32_t p = 0; p < in->history->n_procs; p++)
			if (!in->history->procs[p].parent && who_role(in, p) == r && who_last_event(in->history, p))
				verdict_evidence(out, who_last_event(in->history, p) - 1);
	}
}

const struct property property_clean_exit = {
	.name = "clean-exit",
	.summary = "every role ends with the status that is expected of it, 0 by default",
	.about = "processes",
	.check = clean_exit_check,
};
