/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/model/call.h"
#include "core/report/site.h"
#include "core/report/trace.h"
#include "core/report/words.h"
#include "core/base/banned.h"

#define TRACE(symbol) extern const struct trace_format trace_##symbol;
#include "core/report/traces.def"
#undef TRACE

const struct trace_format *const trace_table[] = {
#define TRACE(symbol) &trace_##symbol,
#include "core/report/traces.def"
#undef TRACE
};
const size_t n_traces = sizeof(trace_table) / sizeof(trace_table[0]);

const struct trace_format *trace_find(const char *name)
{
	for (size_t i = 0; i < n_traces; i++)
		if (!strcmp(trace_table[i]->name, name))
			return trace_table[i];
	return NULL;
}

int64_t trace_length_ns(const struct history *h, const struct history_event *e)
{
	if (!h->tick_hz || e->e.kind != EV_CALL)
		return 0;
	return (int64_t)((double)e->e.ticks * 1e9 / (double)h->tick_hz);
}

/* Sends are stamped before the call, all others after it. */
int64_t trace_start_ns(const struct history *h, const struct history_event *e)
{
	int64_t ns = history_ns(h, e->e.stamp);

	if (e->e.kind != EV_CALL || words_family(e->e.call) == FAMILY_SEND)
		return ns;
	return ns - trace_length_ns(h, e);
}

int64_t trace_asked(const struct history_event *e)
{
	return words_family(e->e.call) == FAMILY_WAIT ? (int32_t)e->e.asked : (int64_t)e->e.asked;
}

void trace_site(const struct history *h, const struct history_event *e, char *out, size_t size)
{
	out[0] = '\0';
	if (e->proc < h->n_procs && e->e.site)
		site_text(h, e, out, size);
}

const char *trace_channel(const struct history *h, const struct history_event *e)
{
	return e->channel && e->channel <= h->n_channels ? h->channels[e->channel - 1].name : NULL;
}

const char *trace_kind(uint8_t kind)
{
	static const char *const names[N_EVENT_KINDS] = {
		[EV_NONE] = "none",
		[EV_CALL] = "call",
		[EV_INVOKED] = "invoked",
		[EV_STRIKE] = "strike",
		[EV_HELLO] = "hello",
		[EV_FORK] = "fork",
		[EV_EXEC] = "exec",
		[EV_EXIT] = "exit",
		[EV_SIGNAL] = "signal",
		[EV_SENT] = "sent",
		[EV_RECEIVED] = "received",
		[EV_BECAME] = "became",
		[EV_TEXT] = "text",
	};

	return kind < N_EVENT_KINDS ? names[kind] : "?";
}
