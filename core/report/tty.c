/* SPDX-License-Identifier: MIT */
/* For people: a line for each scenario, and of what is not as expected the whole story. */
#include "core/base/str.h"
#include "core/model/call.h"
#include "core/model/reporter.h"
#include "core/report/pen.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

enum { TAIL_LINES = 8, NAME_WIDTH = 28 };

struct tty {
	struct pen pen; /* what is said of one scenario, written at once */
	int verbose;
	int64_t total_ns;
};

static void heading(struct tty *t, const char *text)
{
	str_add(&t->pen.out, "\n    ");
	pen_inked(&t->pen, INK_DIM, text);
	str_add(&t->pen.out, "\n");
}

/* ---- what struck ---- */

static void fault_add(struct tty *t, const struct fault_result *f, unsigned id)
{
	str_add(&t->pen.out, "      ");
	pen_inked(&t->pen, f->fired ? INK_WARN : INK_DIM, t->pen.utf8 ? "⚡" : "*");
	str_addf(&t->pen.out, " fault %u: ", id);
	pen_ink(&t->pen, INK_BOLD);
	pen_show(&t->pen, f->action);
	pen_dry(&t->pen);
	str_add(&t->pen.out, " in ");
	pen_show(&t->pen, f->in);
	str_add(&t->pen.out, " at ");
	pen_show(&t->pen, f->at);
	if (f->fired > 1)
		str_addf(&t->pen.out, ", struck %u times", (unsigned)f->fired);
	else
		str_add(&t->pen.out, f->fired ? ", struck once" : ", never struck");
	if (f->refused)
		str_addf(&t->pen.out, ", refused %u times", (unsigned)f->refused);
	str_add(&t->pen.out, "\n");
	if (f->call[0] || f->site[0] || f->channel[0]) {
		str_addf(&t->pen.out, "%9s", "");
		if (f->call[0])
			str_addf(&t->pen.out, "%s%s", f->call, f->channel[0] ? " on " : "");
		pen_show(&t->pen, f->channel);
		if (f->site[0]) {
			str_add(&t->pen.out, f->call[0] || f->channel[0] ? ", " : "");
			pen_ink(&t->pen, INK_BOLD);
			pen_show(&t->pen, f->site);
			pen_dry(&t->pen);
		}
		str_add(&t->pen.out, "\n");
	}
	if (f->why[0]) {
		str_addf(&t->pen.out, "%9s", "");
		pen_wrap(&t->pen, 9, 9, f->why);
	}
}

static void faults_add(struct tty *t, const struct result *r)
{
	if (!r->n_faults)
		return;
	heading(t, "what struck");
	for (uint32_t i = 0; i < r->n_faults && i < PLAN_FAULTS; i++)
		fault_add(t, &r->faults[i], i + 1);
}

/* ---- what broke ---- */

static void property_add(struct tty *t, const struct property_result *p)
{
	struct str line = STR_NONE;

	str_add(&t->pen.out, "      ");
	if (p->verdict == VERDICT_NOT_APPLICABLE && p->as_expected)
		pen_inked(&t->pen, INK_DIM, t->pen.utf8 ? "–" : "-");
	else if (p->as_expected)
		pen_inked(&t->pen, INK_GOOD, t->pen.utf8 ? "✓" : "+");
	else
		pen_inked(&t->pen, INK_BAD, t->pen.utf8 ? "✗" : "x");
	str_add(&t->pen.out, " ");
	pen_ink(&t->pen, INK_BOLD);
	pen_show(&t->pen, p->name);
	pen_dry(&t->pen);
	str_addf(&line, " %s", verdict_names[p->verdict]);
	if (!p->as_expected)
		str_addf(&line, " (expected: %s)", verdict_names[p->expected]);
	else if (p->benign)
		str_add(&line, " (benign)");
	if (p->why[0])
		str_addf(&line, ": %s", p->why);
	pen_wrap(&t->pen, 8 + utf8_width(p->name), 10, str_get(&line));
	str_fini(&line);
}

static bool anything_broke(const struct result *r)
{
	for (uint32_t i = 0; i < r->n_properties && i < RESULT_PROPERTIES; i++)
		if (!r->properties[i].as_expected)
			return true;
	return r->exits_why[0] != '\0';
}

static void properties_add(struct tty *t, const struct result *r)
{
	if (!anything_broke(r) && (t->verbose <= 0 || !r->n_properties))
		return;
	heading(t, t->verbose > 0 && r->status == STATUS_AS_EXPECTED ? "what held and what broke" : "what broke");
	for (uint32_t i = 0; i < r->n_properties && i < RESULT_PROPERTIES; i++)
		if (!r->properties[i].as_expected || t->verbose > 0)
			property_add(t, &r->properties[i]);
	if (r->exits_why[0]) {
		str_add(&t->pen.out, "      ");
		pen_inked(&t->pen, INK_BAD, t->pen.utf8 ? "✗" : "x");
		str_add(&t->pen.out, " ");
		pen_wrap(&t->pen, 8, 10, r->exits_why);
	}
}

/* ---- how they ended ---- */

static void tail_add(struct tty *t, const struct output *o)
{
	size_t n = output_kept(o), start = n, lines = 0;

	while (n && (o->text[n - 1] == '\n' || o->text[n - 1] == '\r'))
		n--;
	for (start = n; start && lines < TAIL_LINES; start--)
		lines += o->text[start - 1] == '\n';
	if (lines == TAIL_LINES)
		start++;
	if (n && (start || o->length > output_kept(o)))
		str_addf(&t->pen.out, "%10s%s\n", "", t->pen.utf8 ? "┊ …" : ": ...");
	while (start < n) {
		const char *end = memchr(o->text + start, '\n', n - start);
		size_t length = end ? (size_t)(end - (o->text + start)) : n - start;

		str_addf(&t->pen.out, "%10s", "");
		pen_ink(&t->pen, INK_DIM);
		str_add(&t->pen.out, t->pen.utf8 ? "┊ " : ": ");
		utf8_show(&t->pen.out, o->text + start, length, t->pen.utf8);
		pen_dry(&t->pen);
		str_add(&t->pen.out, "\n");
		start += length + 1;
	}
}

static void waiter_add(struct tty *t, const struct waiter *w, const char *stalled)
{
	str_add(&t->pen.out, "      ");
	pen_show(&t->pen, w->process);
	if (strcmp(w->process, stalled) == 0)
		str_add(&t->pen.out, " is stopped");
	else if (w->held)
		str_add(&t->pen.out, " has not begun: it waits");
	else
		str_addf(&t->pen.out, " waits in %s", w->call ? words_call(w->call - 1) : "no recorded call");
	if (w->for_whom[0] && strcmp(w->process, stalled) != 0) {
		str_add(&t->pen.out, " for ");
		pen_show(&t->pen, w->for_whom);
		str_add(&t->pen.out, w->held ? " to be ready" : "");
	}
	str_add(&t->pen.out, "\n");
}

static void waiters_add(struct tty *t, const struct outcome *o)
{
	for (uint32_t i = 0; i < o->n_waiters && i < OUTCOME_WAITERS; i++)
		waiter_add(t, &o->waiters[i], "");
	for (uint32_t i = 0; i < o->n_starving && i < OUTCOME_WAITERS; i++)
		waiter_add(t, &o->starving[i], o->stalled);
}

static void outcome_add(struct tty *t, const struct outcome *o)
{
	if (!o->n_roles)
		return;
	heading(t, "how they ended");
	for (uint32_t i = 0; i < o->n_roles && i < OUTCOME_ROLES; i++) {
		const struct role_outcome *r = &o->roles[i];
		struct str end = STR_NONE;

		words_end(&end, r);
		str_add(&t->pen.out, "      ");
		pen_ink(&t->pen, INK_BOLD);
		pen_show(&t->pen, r->name);
		pen_dry(&t->pen);
		str_addf(&t->pen.out, "  %s\n", str_get(&end));
		tail_add(t, &r->err);
		str_fini(&end);
	}
	waiters_add(t, o);
	for (uint32_t i = 0; i < o->n_left && i < OUTCOME_LEFT; i++) {
		if (o->left[i].excused)
			continue;
		str_add(&t->pen.out, "      left behind: ");
		pen_wrap(&t->pen, 19, 10, o->left[i].text);
	}
}

/* ---- the picture ---- */

static void diagram_add(struct tty *t, const char *diagram)
{
	if (!diagram[0])
		return;
	heading(t, "around it");
	while (*diagram) {
		size_t n = strcspn(diagram, "\n");

		str_add(&t->pen.out, "      ");
		utf8_show(&t->pen.out, diagram, n, t->pen.utf8);
		str_add(&t->pen.out, "\n");
		diagram += n + (diagram[n] != '\0');
	}
}

static void notes_add(struct tty *t, const char *notes)
{
	if (!notes[0])
		return;
	str_add(&t->pen.out, "\n    note: ");
	pen_wrap(&t->pen, 10, 10, notes);
}

static void repro_add(struct tty *t, const struct report *r, const struct scenario *s, const struct result *result)
{
	struct str file = STR_NONE;

	words_shell(&file, s->file);
	str_add(&t->pen.out, "\n    ");
	pen_ink(&t->pen, INK_BOLD);
	str_addf(&t->pen.out, "repro: %s ", r->options->command);
	pen_show(&t->pen, str_get(&file));
	str_addf(&t->pen.out, " --seed %llu", (unsigned long long)result->seed);
	pen_dry(&t->pen);
	str_add(&t->pen.out, "\n\n");
	str_fini(&file);
}

/* ---- one line each ---- */

static void mark_add(struct tty *t, enum status status)
{
	static const struct {
		enum ink ink;
		const char *utf8, *ascii;
	} marks[N_STATUS] = {
		[STATUS_AS_EXPECTED] = { INK_GOOD, "✓", "ok  " },
		[STATUS_NOT_AS_EXPECTED] = { INK_BAD, "✗", "FAIL" },
		[STATUS_VACUOUS] = { INK_BAD, "✗", "FAIL" },
		[STATUS_BROKEN] = { INK_BAD, "✗", "FAIL" },
		[STATUS_SKIPPED] = { INK_WARN, "–", "skip" },
	};

	pen_inked(&t->pen, marks[status].ink, t->pen.utf8 ? marks[status].utf8 : marks[status].ascii);
}

static void line_add(struct tty *t, const struct scenario *s, const struct result *result)
{
	struct str duration = STR_NONE;
	size_t width = utf8_width(s->name);

	mark_add(t, result->status);
	str_add(&t->pen.out, " ");
	pen_ink(&t->pen, INK_BOLD);
	pen_show(&t->pen, s->name);
	pen_dry(&t->pen);
	if (s->title) {
		str_addf(&t->pen.out, "%*s  ", (int)(width < NAME_WIDTH ? NAME_WIDTH - width : 0), "");
		pen_show(&t->pen, s->title);
	}
	words_duration(&duration, result->outcome.duration_ns);
	str_add(&t->pen.out, "  ");
	pen_inked(&t->pen, INK_DIM, str_get(&duration));
	str_add(&t->pen.out, "\n");
	str_fini(&duration);
}

static void why_add(struct tty *t, const struct result *result)
{
	bool verdict = result->status == STATUS_AS_EXPECTED || result->status == STATUS_NOT_AS_EXPECTED;

	/* What broke says it better, property by property. */
	if (!result->why[0] || (verdict && anything_broke(result)))
		return;
	str_add(&t->pen.out, "    ");
	if (verdict) {
		pen_wrap(&t->pen, 4, 4, result->why);
		return;
	}
	pen_inked(&t->pen, result->status == STATUS_SKIPPED ? INK_WARN : INK_BAD, status_names[result->status]);
	str_add(&t->pen.out, ": ");
	pen_wrap(&t->pen, 6 + strlen(status_names[result->status]), 4, result->why);
}

static int tty_begin(struct report *r)
{
	struct tty *t = mem_new(sizeof(*t));

	t->pen.utf8 = utf8_wanted();
	t->pen.color = r->options->color;
	t->verbose = r->options->verbose;
	r->state = t;
	return 0;
}

static int tty_scenario(struct report *r, const struct scenario *s, const struct result *result)
{
	struct tty *t = r->state;
	bool failed = result->status != STATUS_AS_EXPECTED && result->status != STATUS_SKIPPED;

	t->total_ns += result->outcome.duration_ns;
	if (!failed && t->verbose < 0)
		return 0;
	str_clear(&t->pen.out);
	line_add(t, s, result);
	if (failed || result->status == STATUS_SKIPPED || t->verbose > 0)
		why_add(t, result);
	if (failed || (t->verbose > 0 && result->status != STATUS_SKIPPED)) {
		faults_add(t, result);
		properties_add(t, result);
		outcome_add(t, &result->outcome);
		diagram_add(t, result->diagram);
		notes_add(t, result->notes);
		if (failed)
			repro_add(t, r, s, result);
		else
			str_add(&t->pen.out, "\n");
	}
	fwrite(str_get(&t->pen.out), 1, t->pen.out.length, r->out);
	return report_flush(r->out);
}

static void count_add(struct tty *t, unsigned n, const char *what, enum ink which)
{
	if (!n)
		return;
	if (t->pen.out.length)
		str_add(&t->pen.out, ", ");
	pen_ink(&t->pen, which);
	str_addf(&t->pen.out, "%u %s", n, what);
	pen_dry(&t->pen);
}

static int tty_end(struct report *r, const struct summary *sum)
{
	struct tty *t = r->state;

	str_clear(&t->pen.out);
	count_add(t, sum->as_expected, "as expected", INK_GOOD);
	count_add(t, sum->not_as_expected, "not as expected", INK_BAD);
	count_add(t, sum->vacuous, "vacuous", INK_BAD);
	count_add(t, sum->broken, "broken", INK_BAD);
	count_add(t, sum->skipped, "skipped", INK_WARN);
	if (!t->pen.out.length)
		str_add(&t->pen.out, "nothing was run");
	str_add(&t->pen.out, t->pen.utf8 ? " · " : ", ");
	words_duration(&t->pen.out, t->total_ns);
	str_add(&t->pen.out, " of runs\n");
	fputs(str_get(&t->pen.out), r->out);
	str_fini(&t->pen.out);
	free(t);
	r->state = NULL;
	return report_flush(r->out);
}

const struct reporter reporter_tty = {
	.name = "tty",
	.summary = "for people: a line for each scenario, the whole story of what is not as expected",
	.begin = tty_begin,
	.scenario = tty_scenario,
	.end = tty_end,
};
