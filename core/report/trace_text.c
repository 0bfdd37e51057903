/* SPDX-License-Identifier: MIT */
/* The history as strace would tell it: time, process, call, result, source line. */
#include <inttypes.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/call.h"
#include "core/report/site.h"
#include "core/report/trace.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

enum { SITE_COLUMN = 78 };

static void head_add(struct str *out, const struct history *h, const struct history_event *e)
{
	/* As it was stamped, so that time never runs backwards from line to line. */
	int64_t ns = history_ns(h, e->e.stamp);

	str_addf(out, "%s%" PRId64 ".%06" PRId64 " %-10s ", ns < 0 ? "-" : "", (ns < 0 ? -ns : ns) / 1000000000,
		(ns < 0 ? -ns : ns) / 1000 % 1000000, words_proc(h, e->proc));
}

static void arguments_add(struct str *out, const struct history *h, const struct history_event *e, bool utf8)
{
	const char *channel = trace_channel(h, e);
	const char *separator = "";

	str_addf(out, "%s(", words_call(e->e.call));
	if (e->e.fd >= 0) {
		str_addf(out, "%" PRId32, e->e.fd);
		separator = ", ";
	}
	if (channel) {
		str_add(out, "<");
		utf8_show(out, channel, strlen(channel), utf8);
		str_add(out, ">");
		separator = ", ";
	}
	if (e->e.asked)
		str_addf(out, "%s%" PRId64, separator, trace_asked(e));
	str_add(out, ")");
}

static void marks_add(struct str *out, const struct event *e, bool utf8)
{
	if (e->flags & EVF_DROPPED)
		str_add(out, " (dropped)");
	if (e->flags & EVF_DUPLICATED)
		str_add(out, " (sent twice)");
	if (e->flags & EVF_RESTARTED)
		str_add(out, " (restarted)");
	if (e->flags & EVF_STRUCK)
		str_add(out, utf8 ? " ⚡" : " *struck*");
}

/* How long it took, if that is long enough to be noticed. */
static void length_add(struct str *out, const struct history *h, const struct history_event *e)
{
	int64_t ns = trace_length_ns(h, e);

	if (ns < 1000000)
		return;
	str_add(out, " (");
	words_duration(out, ns);
	str_add(out, ")");
}

static void call_add(struct str *out, const struct history *h, const struct history_event *e, bool utf8)
{
	arguments_add(out, h, e, utf8);
	str_addf(out, " = %" PRId64, e->e.result);
	if (e->e.error) {
		str_add(out, " ");
		words_errno(out, e->e.error);
	}
	length_add(out, h, e);
	marks_add(out, &e->e, utf8);
}

static void message_add(struct str *out, const struct event *e)
{
	str_addf(out, "--- %s message %" PRId64 " %s %" PRIu32 ": %" PRIu32 " bytes ---", trace_kind(e->kind),
		e->result, e->kind == EV_SENT ? "to" : "from", e->kind == EV_SENT ? e->object : (uint32_t)e->fd,
		e->asked);
}

static void other_add(struct str *out, const struct history *h, const struct history_event *e, bool utf8)
{
	const struct event *ev = &e->e;

	switch (ev->kind) {
	case EV_INVOKED:
		arguments_add(out, h, e, utf8);
		str_add(out, " <never returned>");
		break;
	case EV_STRIKE:
		str_add(out, utf8 ? "⚡⚡⚡ " : "*** ");
		str_addf(out, "fault %u strikes %s: ", (unsigned)ev->strike, words_call(ev->call));
		words_action(out, ev->asked, ev->result);
		break;
	case EV_HELLO:
		str_addf(out, "--- process %" PRId64 " begins ---", ev->result);
		break;
	case EV_FORK:
		str_addf(out, "--- forks %s, process %" PRId64 " ---",
			ev->object ? words_proc(h, ev->object - 1) : "a child", ev->result);
		break;
	case EV_EXIT:
		if (ev->result >= 0)
			str_addf(out, "+++ exit %" PRId64 " +++", ev->result);
		else
			str_add(out, "+++ ended +++");
		break;
	case EV_SIGNAL:
		str_add(out, "--- ");
		words_signal(out, (int)ev->result);
		str_add(out, " arrives ---");
		break;
	case EV_SENT:
	case EV_RECEIVED:
		message_add(out, ev);
		break;
	default:
		str_addf(out, "--- %s ", trace_kind(ev->kind));
		utf8_show(out, history_text(h, e), strlen(history_text(h, e)), utf8);
		str_add(out, " ---");
		break;
	}
}

static void event_add(struct str *out, const struct history *h, const struct history_event *e, bool utf8)
{
	char site[SITE_TEXT];
	size_t width;

	str_clear(out);
	head_add(out, h, e);
	if (e->e.kind == EV_CALL)
		call_add(out, h, e, utf8);
	else
		other_add(out, h, e, utf8);
	trace_site(h, e, site, sizeof(site));
	if (site[0]) {
		width = utf8_width(str_get(out));
		str_addf(out, "%*s  ", (int)(width < SITE_COLUMN ? SITE_COLUMN - width : 0), "");
		utf8_show(out, site, strlen(site), utf8);
	}
	str_add(out, "\n");
}

static int text_history(struct trace *t, const char *name, const struct history *h)
{
	struct str line = STR_NONE;

	if (t->n_histories > 1)
		fprintf(t->out, "%s== %s ==\n", t->n_done ? "\n" : "", name);
	for (size_t i = 0; i < h->n_events; i++) {
		if (h->events[i].e.kind == EV_TEXT || h->events[i].e.kind == EV_NONE)
			continue;
		event_add(&line, h, &h->events[i], t->utf8);
		fwrite(str_get(&line), 1, line.length, t->out);
	}
	if (h->lost)
		fprintf(t->out, "(%" PRIu64 " events found no room and are missing)\n", h->lost);
	str_fini(&line);
	return report_flush(t->out);
}

const struct trace_format trace_text = {
	.name = "text",
	.summary = "one line an event, like strace",
	.history = text_history,
};
