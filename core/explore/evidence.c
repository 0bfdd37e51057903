/* SPDX-License-Identifier: MIT */
/* What a finding shows of the run that broke: its picture, what the struck line was called from, where it ended. */
#include "core/explore/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/model/call.h"
#include "core/report/diagram.h"

static const struct history_event *strike_in(const struct history *h, uint32_t proc)
{
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.kind == EV_STRIKE && h->events[i].proc == proc)
			return &h->events[i];
	return NULL;
}

/* "server.c:100 (serve) < server.c:140 (main)": what the struck line was called from. */
static void callers(struct box *box, const struct history *h, struct finding *f)
{
	const struct plan_state *state = &arena_plan(box_arena(box))->state[0];
	uint32_t n = atomic_load(&state->n_frames), proc = atomic_load(&state->struck_proc);
	char text[SITE_TEXT];
	size_t used = 0;
	const struct history_event *strike;
	uint32_t image;

	f->callers[0] = '\0';
	if (!proc || proc > h->n_procs)
		return;
	strike = strike_in(h, proc - 1);
	/* The process may have become another program since. */
	image = strike ? strike->image : h->procs[proc - 1].image;
	for (uint32_t i = 0; i < n && i < PLAN_FRAMES; i++) {
		struct site site;

		bool struck = strike && strike->e.site == state->frames[i];

		if ((struck ? site_of(h, strike, &site) : site_find(h, image, state->frames[i], &site)) ||
			(!site.line && !site.tail) || !site.program)
			break;
		site_print(&site, text, sizeof(text));
		if (i)
			used += (size_t)snprintf(
				f->callers + used, sizeof(f->callers) - used, "%s%s", used ? " < " : "", text);
		if (used < sizeof(f->callers) && site.inlined_into[0])
			used += (size_t)snprintf(f->callers + used, sizeof(f->callers) - used, "%s%s",
				used ? " < " : "", site.inlined_into);
		if (used >= sizeof(f->callers))
			break;
	}
}

static void place_tell(const char *who, const char *in, uint32_t call, const struct site *site, struct finding *f)
{
	char place[SITE_TEXT];

	site_key(site, f->broke_at, sizeof(f->broke_at));
	site_print(site, place, sizeof(place));
	snprintf(f->broke, sizeof(f->broke), "%s, %s %s at %s", who, in, call_table[call].name, place);
}

/* But for what only its stop has interrupted. */
static bool has_failed(const struct event *e)
{
	return e->error && e->error != EINTR;
}

/* Is this a better place for what is told than the one before it? */
static bool tells_more(const struct finding *f, const struct event *last, const struct event *e)
{
	/* A hang is where one waits; of all else, the threads that wait are no part. */
	if (f->symptom == SYMPTOM_HANG)
		return e->kind == EV_INVOKED || last->kind != EV_INVOKED;
	/* What goes in circles does so because something fails again and again, if anything does. */
	return f->symptom != SYMPTOM_BUSY_LOOP || has_failed(e) || !has_failed(last);
}

/*
 * Where the one who showed it was last: in the call that it never left, or else behind the last that it made. "" when
 * that says nothing: it ended in its own way, or nothing of it is known. In the history a probe has the name of the
 * driver that it is.
 */
static void last_place(const struct history *h, const struct outcome *o, struct finding *f)
{
	const struct history_event *last = NULL;
	const struct role_outcome *r = role_named(o, f->role);
	const char *probe = strstr(f->role, "~probe");
	size_t name = probe ? (size_t)(probe - f->role) : strlen(f->role), first_go = history_first_go(h);
	bool once = r && r->driver && !probe;
	struct site site;

	if (strcmp(f->property, MEMORY_CLEAN) == 0) {
		report_place(o, f->role, f->broke_at, sizeof(f->broke_at), f->broke, sizeof(f->broke));
		return;
	}
	if ((f->symptom != SYMPTOM_HANG && f->symptom != SYMPTOM_CRASH && f->symptom != SYMPTOM_DOWN &&
		f->symptom != SYMPTOM_BUSY_LOOP) ||
		(strstr(f->text, "exit status") && !strstr(f->role, "~restart")))
		return;
	for (size_t i = probe ? first_go : 0; i < (once ? first_go : h->n_events); i++) {
		const struct history_event *e = &h->events[i];
		const char *process = h->procs[e->proc].name;

		if (strncmp(process, f->role, name) == 0 && !process[name] &&
			(e->e.kind == EV_CALL || e->e.kind == EV_INVOKED) &&
			(!last || tells_more(f, &last->e, &e->e)))
			last = e;
	}
	if (last && !site_of(h, last, &site))
		place_tell(f->role, last->e.kind == EV_INVOKED ? "in" : "after", last->e.call, &site, f);
}

/* What the leaking process last did with the descriptor that it left open. */
static void leak_place(const struct history *h, const struct outcome *o, struct finding *f)
{
	const struct history_event *last = NULL;
	uint32_t first = 0;
	const struct left *l = left_next(o, true, &first);
	struct site site;

	if (!l || !l->object)
		return;
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.kind == EV_CALL && h->events[i].e.object == l->object &&
			strcmp(h->procs[h->events[i].proc].name, f->role) == 0)
			last = &h->events[i];
	if (last && !site_of(h, last, &site))
		place_tell(f->role, "after", last->e.call, &site, f);
}

/* Where one waited who did not get on until the stopped one did. */
static void waiting_place(const struct history *h, const struct waiter *w, struct finding *f)
{
	struct site site;

	if (!site_find(h, w->image, w->site, &site))
		place_tell(w->process, "in", w->call - 1, &site, f);
}

void evidence_take(struct sweep *w, struct box *box, const struct outcome *o, struct finding *f)
{
	const struct waiter *waiter = stall_place(o, f->role);
	struct str s = STR_NONE;
	struct history h;

	if (history_read(box_arena(box), &h))
		return;
	diagram_draw(&h, diagram_centre(&h), DIAGRAM_CONTEXT, w->options.utf8, &s);
	text_copy(f->diagram, sizeof(f->diagram), str_get(&s));
	callers(box, &h, f);
	f->broke_at[0] = f->broke[0] = '\0';
	last_place(&h, o, f);
	if (f->symptom == SYMPTOM_LEAK)
		leak_place(&h, o, f);
	if (waiter)
		waiting_place(&h, waiter, f);
	str_fini(&s);
	history_fini(&h);
}
