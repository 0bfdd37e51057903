/* SPDX-License-Identifier: MIT */
#include "core/report/story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/fault.h"
#include "core/model/technique.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

/* ---- who takes part ---- */

static void mistakes_tell(struct pen *p, const char *side, char *const *names, size_t n)
{
	struct str text = STR_NONE;

	for (size_t i = 0; i < n; i++) {
		const struct mistake_info *m = mistake_find(names[i]);

		str_addf(&text, "the %s makes the mistake %s: %s", side, names[i], m ? m->summary : "?");
		pen_line(p, &text);
	}
	str_fini(&text);
}

static void size_add(struct str *out, const struct workload *w)
{
	str_addf(out, "%" PRIu64, w->size_min);
	if (w->size_max != w->size_min)
		str_addf(out, " to %" PRIu64, w->size_max);
	str_add(out, " bytes");
}

static void reference_tell(struct pen *p, const struct reference *r)
{
	const struct technique_info *t = technique_find(r->technique);
	struct str text = STR_NONE;

	str_addf(&text, "the reference implementation of %s: %s", r->technique, t ? t->summary : "?");
	pen_line(p, &text);
	str_addf(&text, "%" PRIu32 " client%s", r->n_clients, r->n_clients == 1 ? "" : "s");
	if (r->server_design)
		str_addf(&text, ", a server of the design %s", r->server_design);
	if (r->server_restart)
		str_add(&text, ", started again when it has died of a fault");
	pen_line(p, &text);
	mistakes_tell(p, "server", r->server_mistakes, r->n_server_mistakes);
	mistakes_tell(p, "client", r->client_mistakes, r->n_client_mistakes);
	str_addf(&text, "workload %s: %" PRIu32 " messages of ", pattern_names[r->workload.pattern],
		r->workload.messages);
	size_add(&text, &r->workload);
	if (r->workload.window > 1)
		str_addf(&text, ", up to %" PRIu32 " under way at once", r->workload.window);
	pen_line(p, &text);
	str_fini(&text);
}

static void ready_add(struct str *out, const struct role *r)
{
	switch (r->ready) {
	case READY_BY_LISTEN:
		str_add(out, "; ready when it listens");
		break;
	case READY_BY_PATH:
		str_addf(out, "; ready when %s exists", r->ready_text);
		break;
	case READY_BY_OUTPUT:
		str_addf(out, "; ready when it prints %s", r->ready_text);
		break;
	case READY_BY_START:
	case READY_BY_DEFAULT:
		break;
	}
}

static void role_tell(struct pen *p, const struct role *r)
{
	struct str text = STR_NONE;

	str_add(&text, r->name);
	if (r->count > 1)
		str_addf(&text, " (%" PRIu32 " of them)", r->count);
	str_add(&text, ":");
	for (char *const *word = r->run; word && *word; word++) {
		str_add(&text, " ");
		words_shell(&text, *word);
	}
	pen_line(p, &text);
	str_add(&text, r->driver ? "    a driver: the run ends when every driver has ended" : "    a service");
	ready_add(&text, r);
	if (r->after)
		str_addf(&text, "; starts when %s is ready", r->after);
	if (r->stop) {
		str_add(&text, "; stopped by ");
		words_signal(&text, r->stop);
	}
	if (r->restart)
		str_add(&text, "; started again when it has died of a fault");
	pen_line(p, &text);
	str_fini(&text);
}

static void roles_tell(struct pen *p, const struct scenario *s)
{
	pen_heading(p, "Who takes part");
	if (s->reference.technique)
		reference_tell(p, &s->reference);
	else
		for (size_t i = 0; i < s->n_roles; i++)
			role_tell(p, &s->roles[i]);
}

/* ---- what will be struck ---- */

static bool set_same(const struct call_set *a, const struct call_set *b)
{
	return !memcmp(a->bits, b->bits, sizeof(a->bits));
}

/* The word of a scenario that selects these calls. */
static const char *set_word(const struct call_set *set)
{
	struct call_set other;

	for (size_t i = 0; i < N_FAMILIES; i++) {
		memset(&other, 0, sizeof(other));
		if (!call_select(family_names[i], &other) && set_same(&other, set))
			return family_names[i];
	}
	for (size_t i = 0; i < n_calls; i++) {
		char exact[40];

		snprintf(exact, sizeof(exact), "%s()", call_table[i].plain);
		if (!call_select(exact, &other) && set_same(&other, set))
			return call_table[i].plain;
	}
	return "call";
}

static void ordinal_add(struct str *out, uint64_t n)
{
	bool teen = n % 100 >= 11 && n % 100 <= 13;

	str_addf(out, "%" PRIu64 "%s", n,
		teen	      ? "th"
		: n % 10 == 1 ? "st"
		: n % 10 == 2 ? "nd"
		: n % 10 == 3 ? "rd"
			      : "th");
}

static void trigger_add(struct str *out, const struct plan_fault *f, const char *what)
{
	switch (f->trigger) {
	case TRIG_NTH:
		str_add(out, "the ");
		ordinal_add(out, f->n ? f->n : 1);
		str_addf(out, " %s", what);
		break;
	case TRIG_EVERY:
		str_add(out, "every ");
		if (f->n > 1) {
			ordinal_add(out, f->n);
			str_add(out, " ");
		}
		str_add(out, what);
		break;
	case TRIG_CHANCE:
		str_addf(out, "each %s with a chance of %g", what, f->chance);
		break;
	default:
		str_addf(out, "every %s", what);
		break;
	}
}

static void channel_add(struct str *out, const struct plan_fault *f)
{
	const char *before = " on ";

	for (uint32_t i = 0; i < OBJ_N_KINDS && f->kinds; i++)
		if (f->kinds >> i & 1) {
			str_addf(out, "%s%s", before, object_kind_name(i));
			before = " or ";
		}
	if (f->peer[0])
		str_addf(out, " with %s", f->peer);
	if (f->path[0])
		str_addf(out, " on %s", f->path);
	if (f->fd >= 0)
		str_addf(out, " on descriptor %" PRId32, f->fd);
	if (f->ordinal)
		str_addf(out, " (channel %" PRIu32 ")", f->ordinal);
}

static void point_add(struct str *out, const struct call_point *point)
{
	str_addf(out, "%s the ", point->when == WHEN_AFTER ? "after" : "before");
	ordinal_add(out, point->nth ? point->nth : 1);
	str_addf(out, " %s of %s", set_word(&point->at), point->in);
}

void story_of_fault(struct str *out, const struct plan_fault *f, const char *action)
{
	const struct fault_info *info = fault_of_action(f->action);

	str_addf(out, "in %s, ", f->where.in);
	trigger_add(out, f, f->point[0] ? f->point : set_word(&f->where.at));
	channel_add(out, f);
	str_addf(out, ", %s the call", f->where.when == WHEN_AFTER ? "after" : "before");
	if (f->has_armed_by) {
		str_add(out, ", counted from ");
		point_add(out, &f->armed_by);
	}
	if (f->times == TIMES_FOREVER)
		str_add(out, ", for ever");
	else if (f->times > 1)
		str_addf(out, ", %" PRIu32 " times at most", f->times);
	str_addf(out, ": %s", action ? action : info ? info->name : "?");
	if (f->has_until) {
		str_add(out, " until ");
		point_add(out, &f->until);
	}
	if (info)
		str_addf(out, " (%s)", info->summary);
}

static void faults_tell(struct pen *p, const struct scenario *s)
{
	struct str text = STR_NONE;

	pen_heading(p, "What will be struck");
	if (!s->n_faults)
		str_add(&p->out, "  nothing: this is a fault-free run\n");
	for (size_t i = 0; i < s->n_faults; i++) {
		str_addf(&text, "%zu. ", i + 1);
		story_of_fault(&text, &s->faults[i], s->fault_texts[i]);
		pen_line(p, &text);
	}
	str_fini(&text);
}

/* ---- what is expected ---- */

static void expects_tell(struct pen *p, const struct scenario *s)
{
	struct str text = STR_NONE;

	pen_heading(p, "What is expected");
	for (size_t i = 0; i < s->n_expects; i++) {
		const struct expect *e = &s->expects[i];

		if (e->exit_role)
			str_addf(&text, "%s exits with %d", e->exit_role, e->exit_code);
		else if (e->benign)
			str_addf(&text, "%s does not count: %s", e->property, e->benign);
		else
			str_addf(&text, "%s: %s", e->property, verdict_names[e->verdict]);
		pen_line(p, &text);
	}
	str_add(&text, s->n_expects ? "every other property that applies holds" : "every property that applies holds");
	pen_line(p, &text);
	str_fini(&text);
}

/* The lines of a paragraph are one text; a line that is indented or begins a list stays where it is. */
static void about_print(struct pen *p, const char *about)
{
	char *text = mem_dup(about);

	for (char *c = text; *c; c++)
		if (*c == '\n' && c > text && c[-1] != '\n' && c[1] && !strchr("\n\t -*", c[1]))
			*c = ' ';
	pen_wrap(p, 2, 2, text);
	free(text);
}

void story_of_scenario(struct pen *p, const struct scenario *s)
{
	struct str text = STR_NONE;

	pen_ink(p, INK_BOLD);
	pen_show(p, s->title ? s->title : s->name);
	pen_dry(p);
	str_add(&p->out, "\n");
	pen_ink(p, INK_DIM);
	pen_show(p, s->file);
	if (s->title) {
		str_add(&p->out, ": ");
		pen_show(p, s->name);
	}
	pen_dry(p);
	str_add(&p->out, "\n");
	if (s->about) {
		str_add(&p->out, "\n  ");
		about_print(p, s->about);
	}
	if (s->claim_text) {
		pen_heading(p, "The claim");
		str_addf(&text, "\"%s\"", s->claim_text);
		if (s->claim_source)
			str_addf(&text, " (%s)", s->claim_source);
		pen_line(p, &text);
	}
	roles_tell(p, s);
	faults_tell(p, s);
	expects_tell(p, s);
	str_add(&text, "sabot run ");
	words_shell(&text, s->file);
	pen_heading(p, "See it");
	pen_line(p, &text);
	if (s->unavailable) {
		str_add(&text, s->unavailable);
		pen_line(p, &text);
	}
	str_fini(&text);
}
