/* SPDX-License-Identifier: MIT */
/* JSON lines: one object an event, for jq and scripts. What an event does not have is null. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "core/base/str.h"
#include "core/report/site.h"
#include "core/report/trace.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

static json_t *text_or_null(const char *text)
{
	struct str clean = STR_NONE;
	json_t *value;

	if (!text || !*text)
		return json_null();
	utf8_clean(&clean, text, strlen(text));
	value = json_string(str_get(&clean));
	str_fini(&clean);
	return value;
}

static json_t *error_json(int error)
{
	struct str name = STR_NONE;
	json_t *value;

	if (!error)
		return json_null();
	words_errno(&name, error);
	value = json_string(str_get(&name));
	str_fini(&name);
	return value;
}

static bool has_call(uint8_t kind)
{
	return kind == EV_CALL || kind == EV_INVOKED || kind == EV_STRIKE;
}

static json_t *strike_json(const struct event *e)
{
	struct str action = STR_NONE;
	json_t *value;

	if (e->kind != EV_STRIKE)
		return json_null();
	words_action(&action, e->asked, e->result);
	value = json_string(str_get(&action));
	str_fini(&action);
	return value;
}

static json_t *event_json(const char *scenario, const struct history *h, const struct history_event *he)
{
	const struct event *e = &he->e;
	char site[SITE_TEXT];
	json_t *o;

	trace_site(h, he, site, sizeof(site));
	o = json_pack("{s:o, s:I, s:I, s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "scenario", text_or_null(scenario),
		"time_ns", (json_int_t)trace_start_ns(h, he), "duration_ns", (json_int_t)trace_length_ns(h, he),
		"process", text_or_null(words_proc(h, he->proc)), "thread", (int)e->tid, "event", trace_kind(e->kind),
		"call", has_call(e->kind) ? json_string(words_call(e->call)) : json_null(), "fd",
		e->fd >= 0 ? json_integer(e->fd) : json_null(), "channel", text_or_null(trace_channel(h, he)), "site",
		text_or_null(site), "text", text_or_null(history_text(h, he)));
	if (!o)
		return NULL;
	json_object_set_new(o, "asked", e->kind == EV_STRIKE ? json_null() : json_integer((json_int_t)trace_asked(he)));
	json_object_set_new(o, "result", e->kind == EV_INVOKED ? json_null() : json_integer((json_int_t)e->result));
	json_object_set_new(o, "error", error_json(e->error));
	json_object_set_new(o, "struck", json_boolean(e->kind == EV_STRIKE || e->flags & EVF_STRUCK));
	json_object_set_new(o, "fault", e->strike ? json_integer(e->strike) : json_null());
	json_object_set_new(o, "do", strike_json(e));
	return o;
}

static int json_history(struct trace *t, const char *name, const struct history *h)
{
	for (size_t i = 0; i < h->n_events; i++) {
		json_t *o;
		int bad;

		if (h->events[i].e.kind == EV_TEXT || h->events[i].e.kind == EV_NONE)
			continue;
		o = event_json(name, h, &h->events[i]);
		bad = o ? json_dumpf(o, t->out, JSON_COMPACT) : -1;
		json_decref(o);
		if (!o)
			return -ENOMEM;
		if (bad || fputc('\n', t->out) == EOF)
			return -EIO;
	}
	return report_flush(t->out);
}

const struct trace_format trace_json = {
	.name = "json",
	.summary = "JSON lines: one object an event",
	.history = json_history,
};
