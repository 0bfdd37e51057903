/* SPDX-License-Identifier: MIT */
/*
 * A service that has died is started again (`restart: true`), with no further fault: it has to come up among what the
 * one before it has left, to serve as ever, to end when it is stopped, and to leave nothing of its own.
 */
#include "core/explore/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/model/call.h"

const struct role_outcome *restart_of(const struct outcome *o, uint32_t index)
{
	for (uint32_t i = 0; i < o->n_roles; i++)
		if (o->roles[i].instead_of == index + 1)
			return &o->roles[i];
	return NULL;
}

const struct role_outcome *restart_any(const struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_roles; i++)
		if (o->roles[i].instead_of)
			return &o->roles[i];
	return NULL;
}

/* The last that was not seen to be ready, or NULL. They are started one after the other. */
static const struct role_outcome *not_up(const struct outcome *o)
{
	const struct role_outcome *last = NULL;

	for (uint32_t i = 0; i < o->n_roles; i++)
		if (o->roles[i].instead_of && !o->roles[i].ready)
			last = &o->roles[i];
	return last;
}

static const char *dead_name(const struct outcome *o, const struct role_outcome *r)
{
	return o->roles[r->instead_of - 1].name;
}

enum symptom judge_restart_hung(const struct outcome *o, struct trial *t)
{
	const struct role_outcome *r = not_up(o);

	if ((o->end != RUN_HUNG && o->end != RUN_TIMEOUT) || !restart_any(o))
		return SYMPTOM_NONE;
	text_copy(t->property, sizeof(t->property), "no-hang");
	if (r)
		return judge_say(t, SYMPTOM_DOWN, r->name, "%s, " STARTED_AGAIN ", does not become ready",
			dead_name(o, r));
	r = restart_any(o);
	return judge_say(t, SYMPTOM_DOWN, r->name, "%s, " STARTED_AGAIN ", does not answer", dead_name(o, r));
}

static enum symptom killed_say(const struct outcome *o, const struct role_outcome *r, struct trial *t)
{
	const char *signal = signal_name(r->status);

	text_copy(t->property, sizeof(t->property), "no-crash");
	return judge_say(t, SYMPTOM_DOWN, r->name, "%s, " STARTED_AGAIN ", is killed by SIG%s", dead_name(o, r),
		signal ? signal : "?");
}

static enum symptom judge_rise(const struct outcome *o, struct trial *t)
{
	const struct role_outcome *r = not_up(o);
	char words[100];

	if (!r || o->end != RUN_DONE)
		return SYMPTOM_NONE;
	if (r->ended == ENDED_SIGNAL)
		return killed_say(o, r, t);
	return judge_say(t, SYMPTOM_DOWN, r->name,
		"%s, " STARTED_AGAIN ", ends with exit status %d before it is ready%s%s", dead_name(o, r), r->status,
		r->err.kept ? ": " : "", last_words(r, words, sizeof(words)));
}

/* Stopped, it ends as the first would have. */
static enum symptom judge_fall(const struct sweep *w, const struct outcome *o, struct trial *t)
{
	for (uint32_t i = 0; i < o->n_roles; i++) {
		const struct role_outcome *r = &o->roles[i];
		uint32_t dead = r->instead_of - 1;

		if (!r->instead_of || w->baseline.end_varies[dead] ||
			ended_same(r, &w->baseline.outcome.roles[dead]))
			continue;
		if (r->ended == ENDED_SIGNAL)
			return killed_say(o, r, t);
		text_copy(t->property, sizeof(t->property), "clean-exit");
		if (r->ended == ENDED_BY_HARNESS)
			return judge_say(t, SYMPTOM_HANG, r->name,
				"%s, " STARTED_AGAIN ", does not end when it is stopped", dead_name(o, r));
		return judge_say(t, r->status ? SYMPTOM_DOWN : SYMPTOM_UNCLEAN_EXIT, r->name,
			"%s, " STARTED_AGAIN ", ends with %s %d", dead_name(o, r),
			r->ended == ENDED_EXIT ? "exit status" : "signal", r->status);
	}
	return SYMPTOM_NONE;
}

enum symptom judge_restart(const struct sweep *w, const struct outcome *o, struct trial *t)
{
	enum symptom symptom = judge_rise(o, t);

	return symptom ? symptom : judge_fall(w, o, t);
}

enum symptom judge_restart_left(const struct sweep *w, const struct outcome *o, struct trial *t)
{
	const struct left *l;

	if (left_count(o, false) <= left_count(&w->baseline.probed, false))
		return SYMPTOM_NONE;
	for (uint32_t i = 0; (l = left_next(o, false, &i)); i++) {
		const struct role_outcome *r = l->owner && l->owner <= o->n_roles ? &o->roles[l->owner - 1] : NULL;

		if (!r || !r->instead_of)
			continue;
		text_copy(t->property, sizeof(t->property), "no-leftovers");
		return judge_say(t, SYMPTOM_LEFTOVER, r->name, "%s, " STARTED_AGAIN ", leaves behind: %s",
			dead_name(o, r), l->text);
	}
	return SYMPTOM_NONE;
}

bool restarts_alike(const char *role, const char *text, const char *other_role, const char *other_text)
{
	return strstr(role, "~restart") && strcmp(role, other_role) == 0 && strcmp(text, other_text) == 0;
}
