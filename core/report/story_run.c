/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "core/report/diagram.h"
#include "core/report/site.h"
#include "core/report/story.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

enum { MOST_LINES = 24 };

static void more_tell(struct pen *p, size_t n)
{
	if (n > MOST_LINES)
		str_addf(&p->out, "  and %zu more\n", n - MOST_LINES);
}

/* What the history knows of a process's end. */
static void end_add(struct str *out, const struct history *h, uint32_t proc)
{
	const struct history_event *last = NULL;

	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].proc == proc && h->events[i].e.kind != EV_TEXT)
			last = &h->events[i];
	if (!last)
		str_add(out, "did nothing that was recorded");
	else if (last->e.kind == EV_EXIT && last->e.result < 0)
		str_add(out, "ended by itself");
	else if (last->e.kind == EV_EXIT)
		str_addf(out, "ended by itself: exit %" PRId64, last->e.result);
	else if (last->e.kind == EV_INVOKED)
		str_addf(out, "was in %s when it ended", words_call(last->e.call));
	else if (last->e.kind == EV_STRIKE)
		str_add(out, "was struck, and did nothing more");
	else
		str_addf(out, "did %s last", last->e.kind == EV_CALL ? words_call(last->e.call) : "nothing of note");
}

static void procs_tell(struct pen *p, const struct history *h)
{
	struct str text = STR_NONE;

	pen_heading(p, "Who took part");
	for (uint32_t i = 0; i < h->n_procs && i < MOST_LINES; i++) {
		str_addf(&text, "%s (process %" PRId32 ") ", h->procs[i].name, h->procs[i].pid);
		end_add(&text, h, i);
		pen_line(p, &text);
	}
	more_tell(p, h->n_procs);
	str_fini(&text);
}

static void channels_tell(struct pen *p, const struct history *h)
{
	struct str text = STR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < h->n_channels; i++) {
		const struct channel *c = &h->channels[i];

		if (c->standard || c->listener || !(c->n_sent | c->n_received))
			continue;
		if (!n)
			pen_heading(p, "What they talked through");
		if (++n > MOST_LINES)
			continue;
		str_addf(&text, "%s (%s): %" PRIu32 " sent, %" PRIu64 " bytes; %" PRIu32 " received, %" PRIu64 " bytes",
			c->name, object_kind_name(c->kind), c->n_sent, c->bytes_in, c->n_received, c->bytes_out);
		pen_line(p, &text);
	}
	more_tell(p, n);
	str_fini(&text);
}

static void place_add(struct str *text, const struct history *h, const struct history_event *e)
{
	char site[SITE_TEXT] = "";

	str_addf(text, "%s in %s", words_call(e->e.call), words_proc(h, e->proc));
	if (e->channel && e->channel <= h->n_channels)
		str_addf(text, " on %s", h->channels[e->channel - 1].name);
	if (e->proc < h->n_procs)
		site_text(h, e, site, sizeof(site));
	if (site[0])
		str_addf(text, ", %s", site);
}

/* Events of one kind: strikes, or calls that never returned. */
static void events_tell(struct pen *p, const struct history *h, uint8_t kind, const char *title)
{
	struct str text = STR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->e.kind != kind)
			continue;
		if (!n)
			pen_heading(p, title);
		if (++n > MOST_LINES)
			continue;
		if (kind == EV_STRIKE) {
			str_addf(&text, "fault %u, ", (unsigned)e->e.strike);
			words_action(&text, e->e.asked, e->e.result);
			str_add(&text, ": ");
		}
		place_add(&text, h, e);
		pen_line(p, &text);
	}
	more_tell(p, n);
	str_fini(&text);
}

void story_of_run(struct pen *p, const char *name, const struct history *h)
{
	struct str picture = STR_NONE;

	pen_ink(p, INK_BOLD);
	pen_show(p, name);
	pen_dry(p);
	str_addf(&p->out, "\n%zu events", h->n_events);
	if (h->lost)
		str_addf(&p->out, "; %" PRIu64 " found no room and are missing", h->lost);
	str_add(&p->out, "\n");
	procs_tell(p, h);
	channels_tell(p, h);
	events_tell(p, h, EV_STRIKE, "What struck");
	events_tell(p, h, EV_INVOKED, "What never returned");
	diagram_draw(h, diagram_centre(h), DIAGRAM_CONTEXT, p->utf8, &picture);
	if (picture.length) {
		pen_heading(p, "What happened around it");
		str_add(&p->out, "\n");
		str_add(&p->out, str_get(&picture));
	}
	str_fini(&picture);
}
