/* SPDX-License-Identifier: MIT */
#include "core/cli/execute.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/fault.h"
#include "core/model/property.h"
#include "core/model/technique.h"
#include "core/report/diagram.h"
#include "core/base/banned.h"

static bool expects_violation(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_expects; i++)
		if (!s->expects[i].exit_role && s->expects[i].verdict == VERDICT_VIOLATED && !s->expects[i].benign)
			return true;
	return false;
}

static bool all_transparent(const struct scenario *s)
{
	for (size_t i = 0; i < s->n_faults; i++) {
		const struct fault_info *info = fault_of_action(s->faults[i].action);

		if (!info || info->class != FAULT_TRANSPARENT)
			return false;
	}
	return s->n_faults > 0;
}

bool scenario_wants_baseline(const struct scenario *s)
{
	for (size_t i = 0; i < n_properties; i++) {
		const struct property *p = property_table[i];
		const struct expect *e = scenario_expect(s, p->name);

		if (p->unavailable || (e && e->benign))
			continue;
		if (e && p->uses_baseline)
			return true;
		if (!p->needs_baseline)
			continue;
		/* Asked for; or faults that nobody may notice, in programs that are judged by what they print. */
		if (e || (!s->reference.technique && all_transparent(s) && !expects_violation(s)))
			return true;
	}
	return false;
}

static void property_judge(const struct scenario *s, const struct property *p, const struct property_input *in,
	struct verdict *verdict, struct property_result *out)
{
	const struct expect *e = scenario_expect(s, p->name);

	*verdict = (struct verdict){ .value = VERDICT_HOLDS };
	property_check(p, in, verdict);
	text_copy(out->name, sizeof(out->name), p->name);
	text_copy(out->why, sizeof(out->why), verdict->why);
	out->verdict = verdict->value;
	out->expected = e ? e->verdict : VERDICT_HOLDS;
	out->asked = e != NULL;
	out->benign = e && e->benign;
	if (out->benign)
		out->as_expected = true;
	else if (e)
		out->as_expected = verdict->value == e->verdict;
	else
		out->as_expected = expects_violation(s) || verdict->value == VERDICT_HOLDS ||
				   verdict->value == VERDICT_NOT_APPLICABLE;
}

/* "exit 1", "killed by signal 9": what a role did instead. */
static void end_text(const struct role_outcome *r, char *out, size_t size)
{
	if (r->ended == ENDED_EXIT)
		snprintf(out, size, "exited with %d", r->status);
	else if (r->ended == ENDED_NOT)
		snprintf(out, size, "%s", r->started ? "never ended" : "never started");
	else
		snprintf(out, size, "was killed by signal %d", r->status);
}

/* The exit that is expected of a role: what is said of its very name (client/2), or of all of that role. */
static const struct expect *exit_expected(const struct scenario *s, const struct role_outcome *o)
{
	const char *role = o->role < s->n_roles ? s->roles[o->role].name : "";
	const struct expect *found = NULL;

	for (size_t i = 0; i < s->n_expects; i++) {
		const struct expect *e = &s->expects[i];

		if (e->exit_role && !strcmp(e->exit_role, o->name))
			return e;
		if (e->exit_role && !strcmp(e->exit_role, role))
			found = e;
	}
	return found;
}

static bool exits_judge(const struct scenario *s, struct result *out)
{
	out->exits_why[0] = '\0';
	for (uint32_t r = 0; r < out->outcome.n_roles; r++) {
		const struct role_outcome *o = &out->outcome.roles[r];
		const struct expect *e = exit_expected(s, o);
		char text[64];

		if (!e || (o->ended == ENDED_EXIT && o->status == e->exit_code))
			continue;
		end_text(o, text, sizeof(text));
		snprintf(out->exits_why, sizeof(out->exits_why), "exit: %s %s, expected %d", o->name, text,
			e->exit_code);
		return false;
	}
	return true;
}

static void not_as_expected(struct result *out, const struct property_result *p)
{
	out->status = STATUS_NOT_AS_EXPECTED;
	if (out->why[0])
		return;
	snprintf(out->why, sizeof(out->why), "%s: %s%s%s%s%s", p->name, verdict_names[p->verdict],
		p->asked ? ", expected " : "", p->asked ? verdict_names[p->expected] : "", p->why[0] ? ": " : "",
		p->why);
}

size_t scenario_judge(const struct scenario *s, const struct arena *a, const struct history *h,
	const struct outcome *baseline, struct result *out)
{
	struct property_input in = {
		.history = h,
		.outcome = &out->outcome,
		.scenario = s,
		.baseline = baseline,
		.traits = scenario_traits(s),
	};
	size_t centre = SIZE_MAX, shown = SIZE_MAX;

	out->status = STATUS_AS_EXPECTED;
	out->why[0] = '\0';
	out->n_properties = 0;
	for (size_t i = 0; i < n_properties && out->n_properties < RESULT_PROPERTIES; i++) {
		struct property_result *p = &out->properties[out->n_properties];
		struct verdict verdict;

		if (property_table[i]->unavailable)
			continue;
		property_judge(s, property_table[i], &in, &verdict, p);
		out->n_properties++;
		if (!p->as_expected)
			not_as_expected(out, p);
		if (verdict.value == VERDICT_VIOLATED && verdict.n_evidence && centre == SIZE_MAX && !p->benign)
			shown = verdict.evidence[0];
		/* What was not expected is what the picture is about. */
		if (!p->as_expected && verdict.n_evidence && centre == SIZE_MAX)
			centre = verdict.evidence[0];
	}
	if (!exits_judge(s, out)) {
		out->status = STATUS_NOT_AS_EXPECTED;
		if (!out->why[0])
			text_copy(out->why, sizeof(out->why), out->exits_why);
	}
	if (faults_judge(s, a, out))
		out->status = STATUS_VACUOUS;
	if (centre == SIZE_MAX)
		centre = shown != SIZE_MAX ? shown : diagram_centre(h);
	return centre;
}
