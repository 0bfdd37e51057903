/* SPDX-License-Identifier: MIT */
#include "core/report/diagram.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/plan.h"
#include "core/report/canvas.h"
#include "core/report/scene.h"
#include "core/report/site.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

enum { LEFT = 4 };

static size_t column_x(const struct scene *d, size_t column)
{
	return LEFT + column * d->gap;
}

static void lifelines_put(const struct scene *d, struct canvas *c, size_t event, const char *mark)
{
	canvas_clear(c);
	for (size_t i = 0; i < d->n_columns; i++)
		if (d->birth[i] <= event && event <= d->death[i])
			canvas_put(c, column_x(d, i), CANVAS_WIDTH, mark, d->utf8);
}

static void row_add(const struct scene *d, size_t event, const char *mark, struct str *out)
{
	struct canvas c;

	lifelines_put(d, &c, event, mark);
	canvas_add(&c, out);
}

static void header_add(const struct scene *d, struct str *out)
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

static void arrow_put(const struct scene *d, struct canvas *c, const struct step *s, const char *label)
{
	size_t from = column_x(d, scene_column(d, s->proc)), to = column_x(d, scene_column(d, s->target - 1));
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

static void step_add(const struct scene *d, const struct step *s, struct str *out)
{
	size_t column = scene_column(d, s->proc), x = column_x(d, column), end = CANVAS_WIDTH;
	char label[STEP_LABEL + 16];
	struct canvas c;

	lifelines_put(d, &c, s->event, d->utf8 ? "│" : "|");
	if (s->event == d->centre || s->answer == d->centre)
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
	struct scene *d;
	const char *dots = utf8 ? "⋮" : ":";

	if (!h->n_events)
		return;
	d = scene_new(h, centre, context, ROWS, utf8);
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
			site_text(h, he, f->site, sizeof(f->site));
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
