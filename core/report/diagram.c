/* SPDX-License-Identifier: MIT */
#include "core/report/diagram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/plan.h"
#include "core/report/canvas.h"
#include "core/report/site.h"
#include "core/report/steps.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

enum { COLUMNS = 6, STEPS = 256, LEFT = 4, NO_COLUMN = COLUMNS };

struct diagram {
	const struct history *h;
	bool utf8;
	size_t centre; /* event */
	struct step steps[STEPS];
	size_t n_steps;
	bool before, after; /* steps were left out there */
	bool cause; /* steps[0] is a strike from further up, which what follows came of */
	uint32_t procs[COLUMNS];
	size_t n_columns, n_hidden;
	size_t gap;
	size_t birth[COLUMNS], death[COLUMNS]; /* events */
	bool killed[COLUMNS];
};

/* ---- which steps ---- */

static bool step_same(const struct step *a, const struct step *b)
{
	return a->kind == STEP_NOTE && b->kind == STEP_NOTE && a->proc == b->proc && !strcmp(a->label, b->label);
}

/* Walks from event `from` in direction `by` until `want` steps were found; a repeated step counts once. */
static size_t steps_walk(struct diagram *d, size_t from, int by, size_t want, struct step *out, bool *more)
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
static void cause_keep(struct diagram *d)
{
	size_t i = d->n_steps ? d->steps[0].event : d->centre;

	for (size_t k = 0; k < d->n_steps; k++)
		if (d->h->events[d->steps[k].event].e.kind == EV_STRIKE)
			return;
	while (i-- > 0)
		if (d->h->events[i].e.kind == EV_STRIKE)
			break;
	if (i >= d->h->n_events || d->n_steps == STEPS)
		return;
	memmove(d->steps + 1, d->steps, d->n_steps * sizeof(d->steps[0]));
	d->cause = step_of(d->h, i, d->utf8, &d->steps[0]);
	if (d->cause)
		d->n_steps++;
	else
		memmove(d->steps, d->steps + 1, d->n_steps * sizeof(d->steps[0]));
}

static void steps_collect(struct diagram *d, size_t context)
{
	struct step earlier[STEPS / 2];
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

/* An arrow and what it led to share a row, if nothing else happened to the two of them in between. */
static void steps_merge(struct diagram *d)
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
				break;
			}
			if (step_concerns(b, a->proc) || step_concerns(b, a->target - 1))
				break;
		}
	}
}

static size_t rows_count(const struct diagram *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_steps; i++)
		n += !d->steps[i].folded;
	return n;
}

/* Leaves out what is farthest from the centre until it fits. */
static void steps_trim(struct diagram *d, size_t rows)
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

static unsigned proc_weight(const struct diagram *d, uint32_t proc)
{
	unsigned weight = d->h->events[d->centre].proc == proc ? 1000 : 0;

	for (size_t i = 0; i < d->n_steps; i++)
		weight += step_concerns(&d->steps[i], proc);
	return weight;
}

static size_t column_of(const struct diagram *d, uint32_t proc)
{
	for (size_t i = 0; i < d->n_columns; i++)
		if (d->procs[i] == proc)
			return i;
	return NO_COLUMN;
}

/* The processes that matter most, in the order in which they came to be. */
static void columns_choose(struct diagram *d)
{
	static const size_t gaps[COLUMNS + 1] = { 0, 40, 40, 28, 21, 17, 14 };
	size_t n_all = 0;

	for (;;) {
		uint32_t best = 0;
		unsigned weight = 0;

		for (uint32_t p = 0; p < d->h->n_procs; p++) {
			if (column_of(d, p) != NO_COLUMN || proc_weight(d, p) <= weight)
				continue;
			best = p;
			weight = proc_weight(d, p);
		}
		if (!weight || d->n_columns == COLUMNS)
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
static void lives_find(struct diagram *d)
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
static void steps_hide(struct diagram *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_steps; i++) {
		struct step *s = &d->steps[i];
		size_t column = column_of(d, s->proc);

		if (column == NO_COLUMN || s->event > d->death[column]) {
			d->cause = d->cause && i > 0;
			continue;
		}
		if (d->h->events[s->event].e.kind == EV_INVOKED && d->killed[column])
			continue;
		if (s->target && column_of(d, s->target - 1) == NO_COLUMN) {
			size_t used = strlen(s->label);

			snprintf(s->label + used, sizeof(s->label) - used, " to %s", words_proc(d->h, s->target - 1));
			s->kind = STEP_NOTE;
			s->target = 0;
		}
		d->steps[n++] = *s;
	}
	d->n_steps = n;
}

/* ---- drawing ---- */

static size_t column_x(const struct diagram *d, size_t column)
{
	return LEFT + column * d->gap;
}

static void lifelines_put(const struct diagram *d, struct canvas *c, size_t event, const char *mark)
{
	canvas_clear(c);
	for (size_t i = 0; i < d->n_columns; i++)
		if (d->birth[i] <= event && event <= d->death[i])
			canvas_put(c, column_x(d, i), CANVAS_WIDTH, mark, d->utf8);
}

static void row_add(const struct diagram *d, size_t event, const char *mark, struct str *out)
{
	struct canvas c;

	lifelines_put(d, &c, event, mark);
	canvas_add(&c, out);
}

static void header_add(const struct diagram *d, struct str *out)
{
	struct canvas c;

	canvas_clear(&c);
	for (size_t i = 0; i < d->n_columns; i++) {
		const char *name = words_proc(d->h, d->procs[i]);
		size_t x = column_x(d, i), width = utf8_width(name), half = width / 2;
		size_t room = d->gap > 2 ? d->gap - 2 : 1;

		if (half > room / 2)
			half = room / 2;
		x = half > x ? 0 : x - half;
		canvas_put(&c, x, x + room, name, d->utf8);
	}
	canvas_add(&c, out);
}

static void arrow_put(const struct diagram *d, struct canvas *c, const struct step *s, const char *label)
{
	size_t from = column_x(d, column_of(d, s->proc)), to = column_x(d, column_of(d, s->target - 1));
	size_t left = from < to ? from : to, right = from < to ? to : from, width = utf8_width(label);
	size_t inside = right - left - 1, start;
	const char *line = d->utf8 ? "─" : "-";

	for (size_t x = left + 1; x < right; x++)
		canvas_put(c, x, x + 1, line, d->utf8);
	canvas_put(c, from, from + 1, !d->utf8 ? "|" : from < to ? "├" : "┤", d->utf8);
	if (width + 6 > inside)
		width = inside > 6 ? inside - 6 : 1;
	start = left + 1 + (inside - width) / 2;
	canvas_put(c, start - 1, start, " ", d->utf8);
	canvas_put(c, start, start + width, label, d->utf8);
	canvas_put(c, start + width, start + width + 1, " ", d->utf8);
	if (s->kind == STEP_LOST)
		canvas_put(c, from < to ? to - 2 : to + 2, CANVAS_WIDTH, d->utf8 ? "✗" : "x", d->utf8);
	else if (from < to)
		canvas_put(c, to - 1, to, d->utf8 ? "▶" : ">", d->utf8);
	else
		canvas_put(c, to + 1, to + 2, d->utf8 ? "◀" : "<", d->utf8);
	if (s->kind == STEP_LOST)
		canvas_put(c, from < to ? to - 1 : to + 1, from < to ? to : to + 2, " ", d->utf8);
}

static void step_add(const struct diagram *d, const struct step *s, struct str *out)
{
	size_t column = column_of(d, s->proc), x = column_x(d, column), end = CANVAS_WIDTH;
	char label[STEP_LABEL + 16];
	struct canvas c;

	lifelines_put(d, &c, s->event, d->utf8 ? "│" : "|");
	if (s->event == d->centre)
		canvas_put(&c, 0, 1, ">", d->utf8);
	if (s->times > 1)
		snprintf(label, sizeof(label), "%s %s%u", s->label, d->utf8 ? "×" : "x", s->times);
	else
		text_copy(label, sizeof(label), s->label);
	if (s->kind == STEP_ARROW || s->kind == STEP_LOST) {
		arrow_put(d, &c, s, label);
	} else if (s->kind == STEP_END) {
		canvas_put(&c, x, end, label, d->utf8);
	} else {
		if (s->kind == STEP_NOTE && column + 1 < d->n_columns)
			end = x + d->gap - 1;
		canvas_put(&c, x + 2, end, label, d->utf8);
	}
	canvas_add(&c, out);
	if (d->killed[column] && d->death[column] == s->event) {
		lifelines_put(d, &c, s->event, d->utf8 ? "│" : "|");
		canvas_put(&c, x, CANVAS_WIDTH, d->utf8 ? "✝ killed" : "X killed", d->utf8);
		canvas_add(&c, out);
	}
}

void diagram_draw(const struct history *h, size_t centre, unsigned context, bool utf8, struct str *out)
{
	enum { ROWS = DIAGRAM_LINES - 7 /* header, three omissions, the hidden, two deaths */ };
	struct diagram *d;
	const char *dots = utf8 ? "⋮" : ":";

	if (!h->n_events)
		return;
	d = mem_new(sizeof(*d));
	*d = (struct diagram){ .h = h, .utf8 = utf8, .centre = centre < h->n_events ? centre : h->n_events - 1 };
	steps_collect(d, context < STEPS / 2 ? context : STEPS / 2 - 1);
	columns_choose(d);
	lives_find(d);
	steps_hide(d);
	steps_merge(d);
	steps_trim(d, ROWS);
	if (d->n_steps) {
		header_add(d, out);
		if (d->before && !d->cause)
			row_add(d, d->steps[0].event, dots, out);
		for (size_t i = 0; i < d->n_steps; i++) {
			if (!d->steps[i].folded)
				step_add(d, &d->steps[i], out);
			if (!i && d->cause)
				row_add(d, d->steps[0].event + 1, dots, out);
		}
		if (d->after)
			row_add(d, d->steps[d->n_steps - 1].event + 1, dots, out);
		if (d->n_hidden)
			str_addf(out, "(%zu more %s not shown)\n", d->n_hidden,
				d->n_hidden == 1 ? "process" : "processes");
	}
	free(d);
}

size_t diagram_centre(const struct history *h)
{
	static const uint8_t kinds[] = { EV_STRIKE, EV_INVOKED };

	for (size_t k = 0; k < sizeof(kinds); k++)
		for (size_t i = 0; i < h->n_events; i++)
			if (h->events[i].e.kind == kinds[k])
				return i;
	return h->n_events ? h->n_events - 1 : 0;
}

/* The places of the last strikes of each fault. */
static void strikes_fill(const struct history *h, struct result *r)
{
	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *he = &h->events[i];
		struct fault_result *f;

		if (he->e.kind != EV_STRIKE || !he->e.strike || he->e.strike > r->n_faults ||
			he->e.strike > PLAN_FAULTS)
			continue;
		f = &r->faults[he->e.strike - 1];
		text_copy(f->call, sizeof(f->call), words_call(he->e.call));
		if (he->channel && he->channel <= h->n_channels)
			text_copy(f->channel, sizeof(f->channel), h->channels[he->channel - 1].name);
		if (he->proc < h->n_procs && he->e.site)
			site_text(h, h->procs[he->proc].image, he->e.site, f->site, sizeof(f->site));
	}
}

void diagram_fill(const struct history *h, size_t centre, bool utf8, struct result *r)
{
	struct str text = STR_NONE;
	size_t n;

	strikes_fill(h, r);
	diagram_draw(h, centre, DIAGRAM_CONTEXT, utf8, &text);
	n = text.length;
	/* A whole line at a time: half a character would be no text. */
	while (n >= sizeof(r->diagram) || (n && str_get(&text)[n - 1] != '\n'))
		n--;
	memcpy(r->diagram, str_get(&text), n);
	r->diagram[n] = '\0';
	str_fini(&text);
}
