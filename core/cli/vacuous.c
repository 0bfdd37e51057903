/* SPDX-License-Identifier: MIT */
/* Faults that never fired: no test passes in a vacuum, and the sentence says what was seen instead. */
#include "core/cli/execute.h"

#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/call.h"
#include "core/base/banned.h"

/* The set as the scenario wrote it: a family's name, else the plain name of the first call in it. */
static const char *set_name(const struct call_set *set)
{
	for (size_t f = 0; f < N_FAMILIES; f++) {
		struct call_set family = { .bits = { 0 } };

		if (family_names[f] && !call_select(family_names[f], &family) && !memcmp(&family, set, sizeof(family)))
			return family_names[f];
	}
	for (size_t row = 0; row < n_calls; row++)
		if (call_set_has(set, (uint32_t)row))
			return call_table[row].plain;
	return "no";
}

static void trigger_text(const struct plan_fault *f, char *out, size_t size)
{
	if (f->trigger == TRIG_NTH)
		snprintf(out, size, "nth was %llu", (unsigned long long)f->n);
	else if (f->trigger == TRIG_EVERY)
		snprintf(out, size, "every %llu", (unsigned long long)f->n);
	else if (f->trigger == TRIG_CHANCE)
		snprintf(out, size, "chance was %g", f->chance);
	else
		snprintf(out, size, "it strikes always");
}

static bool is_narrowed(const struct plan_fault *f)
{
	return f->kinds || f->peer[0] || f->path[0] || f->fd >= 0;
}

static void never_fired(const struct plan_fault *f, const struct plan_state *state, size_t number, const char *at,
	char *out, size_t size)
{
	unsigned long long seen = state->seen;
	uint32_t refusal = state->refusal;
	char trigger[64];
	int n;

	trigger_text(f, trigger, sizeof(trigger));
	if (!state->armed)
		n = snprintf(out, size, "fault %zu never fired: it was never armed (%s made %u %s calls)", number,
			f->armed_by.in, state->armed_seen, set_name(&f->armed_by.at));
	else if (state->refused)
		n = snprintf(out, size, "fault %zu never fired: %s made %llu %s call%s, and %u strike%s refused: %s",
			number, f->where.in, seen, at, seen == 1 ? "" : "s", state->refused,
			state->refused == 1 ? " was" : "s were",
			refusal < N_REFUSALS && refusal_texts[refusal] ? refusal_texts[refusal] : "not lawful there");
	else
		n = snprintf(out, size, "fault %zu never fired: %s made %llu %s call%s%s, %s", number, f->where.in,
			seen, at, seen == 1 ? "" : "s", is_narrowed(f) ? " on what `on:` selects" : "", trigger);
	if (f->point[0] && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, " (failure point %s)", f->point);
}

bool faults_judge(const struct scenario *s, const struct arena *a, struct result *out)
{
	const struct plan *plan = (const struct plan *)a->plan;
	bool vacuous = false;

	out->n_faults = (uint32_t)s->n_faults;
	for (size_t i = 0; i < s->n_faults; i++) {
		const struct plan_fault *f = &s->faults[i];
		const struct plan_state *state = &plan->state[i];
		struct fault_result *r = &out->faults[i];

		*r = (struct fault_result){ .seen = state->seen, .fired = state->fired, .refused = state->refused };
		text_copy(r->in, sizeof(r->in), f->where.in);
		text_copy(r->at, sizeof(r->at), f->point[0] ? f->point : set_name(&f->where.at));
		text_copy(r->action, sizeof(r->action), s->fault_texts[i] ? s->fault_texts[i] : "");
		if (!r->fired)
			never_fired(f, state, i + 1, r->at, r->why, sizeof(r->why));
		else if (f->action == ACT_HOLD && (state->expired || !state->released))
			snprintf(r->why, sizeof(r->why),
				"fault %zu was never released: %s made no %s call that lets it go on", i + 1,
				f->until.in, set_name(&f->until.at));
		if (!r->why[0] || f->may_miss)
			continue;
		if (!vacuous)
			text_copy(out->why, sizeof(out->why), r->why);
		vacuous = true;
	}
	return vacuous;
}
