/* SPDX-License-Identifier: MIT */
#include "core/report/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/plan.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

/* ---- which steps ---- */

static bool step_same(const struct step *a, const struct step *b)
{
	return a->kind == STEP_NOTE && b->kind == STEP_NOTE && a->proc == b->proc && !strcmp(a->label, b->label);
}

/* Walks from event `from` in direction `by` until `want` steps were found; a repeated step counts once. */
static size_t steps_walk(struct scene *d, size_t from, int by, size_t want, struct step *out, bool *more)
{
	size_t n = 0;

	*more = false;
	for (size_t i = from; i < d->h->n_events; i += by) {
		struct step s;

		if (!step_of(d->h, i, d->utf8, &s))
			continue;
		if (n && step_same(&out[n - 1], &s)) {
			out[n - 1].times++;
			continue;
		}
		if (n == want) {
			*more = true;
			break;
		}
		out[n++] = s;
	}
	return n;
}

/* What broke often comes long after what struck: the last strike before the picture begins stays in it. */
static void cause_keep(struct scene *d)
{
	size_t i = d->n_steps ? d->steps[0].event : d->centre;

	for (size_t k = 0; k < d->n_steps; k++)
		if (d->h->events[d->steps[k].event].e.kind == EV_STRIKE)
			return;
	while (i-- > 0)
		if (d->h->events[i].e.kind == EV_STRIKE)
			break;
	if (i >= d->h->n_events || d->n_steps == SCENE_STEPS)
		return;
	memmove(d->steps + 1, d->steps, d->n_steps * sizeof(d->steps[0]));
	d->cause = step_of(d->h, i, d->utf8, &d->steps[0]);
	if (d->cause)
		d->n_steps++;
	else
		memmove(d->steps, d->steps + 1, d->n_steps * sizeof(d->steps[0]));
}

static void steps_collect(struct scene *d, size_t context)
{
	struct step earlier[SCENE_STEPS / 2];
	size_t n;

	n = steps_walk(d, d->centre - 1, -1, context, earlier, &d->before);
	for (size_t i = 0; i < n; i++)
		d->steps[i] = earlier[n - 1 - i];
	d->n_steps = n + steps_walk(d, d->centre, 1, context + 1, d->steps + n, &d->after);
	cause_keep(d);
}

static bool step_concerns(const struct step *s, uint32_t proc)
{
	return s->proc == proc || s->target == proc + 1;
}

/*
 * May what arrow `a` led to be drawn before step `s`, which came in between? Only if no order that matters is lost:
 * what else the sender sent meanwhile, or has not returned from, may come below; a strike or a death may not.
 */
static bool step_passable(const struct scene *d, const struct step *a, const struct step *s)
{
	if (s->proc == a->target - 1)
		return false;
	if (s->proc != a->proc)
		return true;
	return s->kind == STEP_ARROW || d->h->events[s->event].e.kind == EV_INVOKED;
}

/* An arrow and what it led to share a row. */
static void steps_merge(struct scene *d)
{
	for (size_t i = 0; i < d->n_steps; i++) {
		struct step *a = &d->steps[i];

		if (a->kind != STEP_ARROW)
			continue;
		for (size_t j = i + 1; j < d->n_steps; j++) {
			struct step *b = &d->steps[j];

			if (step_answers(d->h, a, b) && b->times == 1 &&
				utf8_width(a->label) + utf8_width(b->label) + 6 < d->gap) {
				struct str both = STR_NONE;

				str_addf(&both, "%s, %s", a->label, b->label);
				text_copy(a->label, sizeof(a->label), str_get(&both));
				str_fini(&both);
				b->folded = true;
				a->answer = b->event;
				break;
			}
			if (!b->folded && !step_passable(d, a, b))
				break;
		}
	}
}

static size_t rows_count(const struct scene *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_steps; i++)
		n += !d->steps[i].folded;
	return n;
}

/* Leaves out what is farthest from the centre until it fits. */
static void steps_trim(struct scene *d, size_t rows)
{
	while (rows_count(d) > rows) {
		size_t at = d->cause && d->n_steps > 1 ? 1 : 0;
		size_t first = d->steps[at].event, last = d->steps[d->n_steps - 1].event;
		bool front = first < d->centre && (last <= d->centre || d->centre - first >= last - d->centre);

		if (front) {
			memmove(d->steps + at, d->steps + at + 1, (d->n_steps - at - 1) * sizeof(d->steps[0]));
			d->before = true;
		} else {
			d->after = true;
		}
		d->n_steps--;
	}
}

/* ---- which columns ---- */

static unsigned proc_weight(const struct scene *d, uint32_t proc)
{
	unsigned weight = d->h->events[d->centre].proc == proc ? 1000 : 0;

	for (size_t i = 0; i < d->n_steps; i++)
		weight += step_concerns(&d->steps[i], proc);
	return weight;
}

size_t scene_column(const struct scene *d, uint32_t proc)
{
	for (size_t i = 0; i < d->n_columns; i++)
		if (d->procs[i] == proc)
			return i;
	return NO_COLUMN;
}

/* The processes that matter most, in the order in which they came to be. */
static void columns_choose(struct scene *d)
{
	static const size_t gaps[SCENE_COLUMNS + 1] = { 0, 40, 40, 28, 21, 17, 14 };
	size_t n_all = 0;

	for (;;) {
		uint32_t best = 0;
		unsigned weight = 0;

		for (uint32_t p = 0; p < d->h->n_procs; p++) {
			if (scene_column(d, p) != NO_COLUMN || proc_weight(d, p) <= weight)
				continue;
			best = p;
			weight = proc_weight(d, p);
		}
		if (!weight || d->n_columns == SCENE_COLUMNS)
			break;
		d->procs[d->n_columns++] = best;
	}
	for (uint32_t p = 0; p < d->h->n_procs; p++)
		n_all += proc_weight(d, p) > 0;
	for (size_t i = 1; i < d->n_columns; i++)
		for (size_t j = i; j && d->procs[j] < d->procs[j - 1]; j--) {
			uint32_t other = d->procs[j];

			d->procs[j] = d->procs[j - 1];
			d->procs[j - 1] = other;
		}
	d->n_hidden = n_all - d->n_columns;
	d->gap = gaps[d->n_columns];
}

/*
 * When the processes of the columns came and went. One that the harness started is there from the beginning; a `kill`
 * after which its own process did nothing more was its end.
 */
static void lives_find(struct scene *d)
{
	for (size_t k = 0; k < d->n_columns; k++) {
		bool born = !d->h->procs[d->procs[k]].parent;

		d->death[k] = SIZE_MAX;
		for (size_t i = 0; i < d->h->n_events; i++) {
			const struct history_event *he = &d->h->events[i];

			if (he->proc != d->procs[k] || he->e.kind == EV_TEXT || he->e.kind == EV_INVOKED)
				continue;
			if (!born)
				d->birth[k] = i;
			born = true;
			d->killed[k] = he->e.kind == EV_STRIKE && he->e.asked == ACT_KILL;
			d->death[k] = d->killed[k] || he->e.kind == EV_EXIT ? i : SIZE_MAX;
		}
	}
}

/* Steps of processes without a column go, and what the dead did not return from; arrows to the hidden become notes. */
static void steps_hide(struct scene *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_steps; i++) {
		struct step *s = &d->steps[i];
		size_t column = scene_column(d, s->proc);

		if (column == NO_COLUMN || s->event > d->death[column]) {
			d->cause = d->cause && i > 0;
			continue;
		}
		if (d->h->events[s->event].e.kind == EV_INVOKED && d->killed[column])
			continue;
		if (s->target && scene_column(d, s->target - 1) == NO_COLUMN) {
			size_t used = strlen(s->label);

			snprintf(s->label + used, sizeof(s->label) - used, " to %s", words_proc(d->h, s->target - 1));
			s->kind = STEP_NOTE;
			s->target = 0;
		}
		d->steps[n++] = *s;
	}
	d->n_steps = n;
}

struct scene *scene_new(const struct history *h, size_t centre, unsigned context, size_t rows, bool utf8)
{
	struct scene *d = mem_new(sizeof(*d));

	*d = (struct scene){ .h = h, .utf8 = utf8, .centre = centre < h->n_events ? centre : h->n_events - 1 };
	steps_collect(d, context < SCENE_STEPS / 2 ? context : SCENE_STEPS / 2 - 1);
	columns_choose(d);
	lives_find(d);
	steps_hide(d);
	steps_merge(d);
	steps_trim(d, rows);
	return d;
}
