/* SPDX-License-Identifier: MIT */
/*
 * Chrome's trace event format, which Perfetto and chrome://tracing open: a track for each thread, a slice for each
 * call, an instant for each strike, an arrow from a send to the receive of the same bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/call.h"
#include "core/report/site.h"
#include "core/report/trace.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "core/base/banned.h"

struct chrome {
	bool any; /* an event was written: the next needs a comma */
	int error;
	int first_pid; /* of the present history: several histories do not share tracks */
	uint64_t n_flows;
	uint64_t *receives; /* flow id that ends at event i; 0: none */
};

static void event_put(struct trace *t, json_t *o)
{
	struct chrome *c = t->state;

	if (!o || fputs(c->any ? ",\n" : "\n", t->out) == EOF || json_dumpf(o, t->out, JSON_COMPACT))
		c->error = o ? -EIO : -ENOMEM;
	c->any = true;
	json_decref(o);
}

static json_t *event_new(const char *phase, const char *name, double us, int pid, uint32_t tid)
{
	struct str clean = STR_NONE;
	json_t *o;

	utf8_clean(&clean, name, strlen(name));
	o = json_pack("{s:s, s:s, s:f, s:i, s:I}", "ph", phase, "name", str_get(&clean), "ts", us, "pid", pid, "tid",
		(json_int_t)tid);
	str_fini(&clean);
	return o;
}

static void argument_set(json_t *arguments, const char *key, const char *value)
{
	struct str clean = STR_NONE;

	if (value && *value) {
		utf8_clean(&clean, value, strlen(value));
		json_object_set_new(arguments, key, json_string(str_get(&clean)));
	}
	str_fini(&clean);
}

static void processes_put(struct trace *t, const char *scenario, const struct history *h)
{
	struct chrome *c = t->state;

	for (size_t i = 0; i < h->n_procs; i++) {
		json_t *o = event_new("M", "process_name", 0, c->first_pid + (int)i, 0);
		json_t *arguments = json_object();
		struct str name = STR_NONE;

		str_addf(&name, "%s%s%s (%" PRId32 ")", t->n_histories > 1 ? scenario : "",
			t->n_histories > 1 ? ": " : "", h->procs[i].name, h->procs[i].pid);
		argument_set(arguments, "name", str_get(&name));
		json_object_set_new(o, "args", arguments);
		event_put(t, o);
		str_fini(&name);
	}
}

static json_t *arguments_json(const struct history *h, const struct history_event *he)
{
	json_t *arguments = json_object();
	char site[SITE_TEXT];
	struct str error = STR_NONE;

	if (he->e.fd >= 0)
		json_object_set_new(arguments, "fd", json_integer(he->e.fd));
	argument_set(arguments, "channel", trace_channel(h, he));
	if (he->e.kind == EV_CALL) {
		json_object_set_new(arguments, "asked", json_integer((json_int_t)trace_asked(he)));
		json_object_set_new(arguments, "result", json_integer((json_int_t)he->e.result));
	}
	if (he->e.error)
		words_errno(&error, he->e.error);
	argument_set(arguments, "error", str_get(&error));
	trace_site(h, he, site, sizeof(site));
	argument_set(arguments, "site", site);
	argument_set(arguments, "text", history_text(h, he));
	if (he->e.flags & EVF_STRUCK)
		json_object_set_new(arguments, "struck", json_true());
	str_fini(&error);
	return arguments;
}

/* The first later receive of the same bytes on the channel that no other send has claimed. */
static void flows_find(struct chrome *c, const struct history *h, uint64_t *sends)
{
	enum { LOOK_AHEAD = 4096 };

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *s = &h->events[i];

		if (s->e.kind != EV_CALL || !s->channel || s->e.error || !s->e.hash ||
			words_family(s->e.call) != FAMILY_SEND)
			continue;
		for (size_t j = i + 1; j < h->n_events && j - i < LOOK_AHEAD; j++) {
			const struct history_event *r = &h->events[j];

			if (r->e.kind != EV_CALL || r->channel != s->channel || r->e.hash != s->e.hash ||
				c->receives[j] || words_family(r->e.call) != FAMILY_RECEIVE)
				continue;
			c->receives[j] = sends[i] = ++c->n_flows;
			break;
		}
	}
}

static void flow_put(struct trace *t, const char *phase, uint64_t id, double us, int pid, uint32_t tid)
{
	json_t *o;

	if (!id)
		return;
	o = event_new(phase, "bytes", us, pid, tid);
	json_object_set_new(o, "cat", json_string("flow"));
	json_object_set_new(o, "id", json_integer((json_int_t)id));
	if (phase[0] == 'f')
		json_object_set_new(o, "bp", json_string("e"));
	event_put(t, o);
}

static void name_add(struct str *name, const struct history_event *he)
{
	if (he->e.kind == EV_CALL || he->e.kind == EV_INVOKED) {
		str_add(name, words_call(he->e.call));
	} else if (he->e.kind == EV_STRIKE) {
		str_add(name, "⚡ ");
		words_action(name, he->e.asked, he->e.result);
	} else {
		str_add(name, trace_kind(he->e.kind));
	}
}

static void one_put(struct trace *t, const struct history *h, size_t i, uint64_t sent)
{
	struct chrome *c = t->state;
	const struct history_event *he = &h->events[i];
	double us = (double)trace_start_ns(h, he) / 1e3, length = (double)trace_length_ns(h, he) / 1e3;
	int pid = c->first_pid + (int)he->proc;
	struct str name = STR_NONE;
	json_t *o;

	name_add(&name, he);
	o = event_new(he->e.kind == EV_CALL ? "X" : "i", str_get(&name), us, pid, he->e.tid);
	str_fini(&name);
	json_object_set_new(o, "cat", json_string(trace_kind(he->e.kind)));
	if (he->e.kind == EV_CALL)
		json_object_set_new(o, "dur", json_real(length));
	else
		json_object_set_new(o, "s", json_string(he->e.kind == EV_STRIKE ? "g" : "t"));
	json_object_set_new(o, "args", arguments_json(h, he));
	event_put(t, o);
	flow_put(t, "s", sent, us, pid, he->e.tid);
	flow_put(t, "f", c->receives[i], us + length, pid, he->e.tid);
}

static int chrome_begin(struct trace *t)
{
	struct chrome *c = mem_new(sizeof(*c));

	c->first_pid = 1;
	t->state = c;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", t->out);
	return 0;
}

static int chrome_history(struct trace *t, const char *name, const struct history *h)
{
	struct chrome *c = t->state;
	uint64_t *sends = mem_new((h->n_events + 1) * sizeof(*sends));

	c->receives = mem_new((h->n_events + 1) * sizeof(*c->receives));
	flows_find(c, h, sends);
	processes_put(t, name, h);
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.kind != EV_TEXT && h->events[i].e.kind != EV_NONE)
			one_put(t, h, i, sends[i]);
	c->first_pid += (int)h->n_procs;
	free(c->receives);
	c->receives = NULL;
	free(sends);
	return c->error;
}

static int chrome_end(struct trace *t)
{
	fputs("\n]}\n", t->out);
	free(t->state);
	t->state = NULL;
	return report_flush(t->out);
}

const struct trace_format trace_chrome = {
	.name = "chrome",
	.summary = "Chrome trace JSON, for Perfetto (ui.perfetto.dev) and chrome://tracing",
	.begin = chrome_begin,
	.history = chrome_history,
	.end = chrome_end,
};
