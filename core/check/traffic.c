/* SPDX-License-Identifier: MIT */
#include "core/check/traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/check/kinds.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

enum { MOST_ENDS = 2 };

static bool is_data(const struct event *e, uint8_t way)
{
	return (e->kind == EV_CALL || e->kind == EV_INVOKED) && history_call_of(e->call).way == way;
}

/* When a process let go of an object, as a stamp; UINT64_MAX: never. */
static uint64_t let_go(const struct history *h, uint32_t proc, uint32_t object)
{
	uint64_t when = UINT64_MAX;

	for (size_t i = h->n_events; i-- > 0;) {
		const struct event *e = &h->events[i].e;

		if (h->events[i].proc != proc)
			continue;
		if (e->kind == EV_EXIT || (e->kind == EV_CALL && e->object == object && !e->error &&
			!strcmp(who_call(e->call), "close")))
			when = e->stamp;
		else if (e->object == object && is_data(e, WAY_OUT))
			break;
	}
	return when;
}

/* Which processes read from an object; to be freed. */
static bool *readers_of(const struct history *h, uint32_t object)
{
	bool *reads = mem_new(h->n_procs * sizeof(*reads));

	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].e.object == object && is_data(&h->events[i].e, WAY_OUT))
			reads[h->events[i].proc] = true;
	return reads;
}

/* When the last of those who read from it let go; *died: one of them died. */
static uint64_t shut(const struct property_input *in, uint32_t object, const bool *reads, bool *died)
{
	uint64_t when = 0;

	for (uint32_t p = 0; p < in->history->n_procs; p++) {
		uint64_t end = reads[p] ? let_go(in->history, p, object) : 0;

		*died |= reads[p] && who_died(in, p);
		if (end > when)
			when = end;
	}
	return when;
}

/* Was the writer told that nobody reads on: by an error, or by SIGPIPE that killed it in the call? */
static bool is_refusal(const struct event *e, uint64_t end)
{
	if (e->kind == EV_INVOKED)
		return end != UINT64_MAX;
	return e->error == EPIPE || e->error == ECONNRESET;
}

static bool is_sent_in_time(const struct flow *f, const struct event *e, uint64_t end)
{
	return e->object == f->into && is_data(e, WAY_IN) && e->stamp < end;
}

/* Of what nobody has read, the bytes that one of the readers had sent: what a process says to itself is not lost. */
static void own_forget(const struct history *h, struct flow *f, uint64_t end, const bool *reads)
{
	uint64_t unread = f->sent > f->received ? f->sent - f->received : 0, last = 0;

	for (size_t i = h->n_events; unread && i-- > 0;) {
		const struct event *e = &h->events[i].e;
		uint64_t n = is_sent_in_time(f, e, end) ? history_bytes(e) : 0;

		n = n < unread ? n : unread;
		unread -= n;
		if (n && reads[h->events[i].proc])
			f->sent -= n;
		else if (n && !last)
			last = i + 1;
	}
	if (last)
		f->last_sent = (uint32_t)last;
}

static void flow_measure(const struct property_input *in, struct flow *f)
{
	const struct history *h = in->history;
	bool died = false, read = false, told = false, *reads = readers_of(h, f->out_of);
	uint64_t end = shut(in, f->out_of, reads, &died);

	for (size_t i = 0; i < h->n_events; i++) {
		const struct event *e = &h->events[i].e;

		told |= e->object == f->into && is_data(e, WAY_IN) && is_refusal(e, end);
		if (is_sent_in_time(f, e, end)) {
			f->sent += history_bytes(e);
			if (history_bytes(e))
				f->last_sent = (uint32_t)i + 1;
		}
		if (e->object == f->out_of && is_data(e, WAY_OUT)) {
			f->received += history_bytes(e);
			read = true;
		}
	}
	own_forget(h, f, end, reads);
	free(reads);
	f->judged = read && !died && !told && !h->channels[f->channel - 1].uncounted;
}

/* The objects that the events of a channel speak of; 0 if there are more than a channel can have. */
static size_t ends_of(const struct history *h, uint32_t channel, uint32_t ends[MOST_ENDS])
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];
		bool known = false;

		if (e->channel != channel || !e->e.object)
			continue;
		for (size_t k = 0; k < n; k++)
			known |= ends[k] == e->e.object;
		if (known)
			continue;
		if (n == MOST_ENDS)
			return 0;
		ends[n++] = e->e.object;
	}
	return n;
}

static void flow_add(
	struct traffic *t, const struct property_input *in, uint32_t channel, uint32_t into, uint32_t out_of)
{
	struct flow f = { .channel = channel, .into = into, .out_of = out_of };

	flow_measure(in, &f);
	if (!f.sent && !f.received)
		return;
	t->flows = mem_grow(t->flows, (t->n_flows + 1) * sizeof(*t->flows));
	t->flows[t->n_flows++] = f;
}

static void flows_read(struct traffic *t, const struct property_input *in)
{
	const struct history *h = in->history;

	for (uint32_t c = 1; c <= h->n_channels; c++) {
		const struct channel *channel = &h->channels[c - 1];
		uint32_t ends[MOST_ENDS];
		size_t n;

		if (!kind_is_stream(channel->kind) || channel->listener || channel->standard)
			continue;
		n = ends_of(h, c, ends);
		if (n == 1 && (channel->kind == OBJ_PIPE || channel->kind == OBJ_FIFO))
			flow_add(t, in, c, ends[0], ends[0]);
		else if (n == MOST_ENDS) {
			flow_add(t, in, c, ends[0], ends[1]);
			flow_add(t, in, c, ends[1], ends[0]);
		}
	}
}

bool traffic_has_flows(const struct traffic *t)
{
	for (size_t i = 0; i < t->n_flows; i++)
		if (t->flows[i].judged)
			return true;
	return false;
}

void traffic_init(struct traffic *t, const struct property_input *in)
{
	*t = (struct traffic){ .flows = NULL };
	flows_read(t, in);
	t->n_datagrams = datagrams_read(&t->datagrams, in);
}

void traffic_fini(struct traffic *t)
{
	free(t->flows);
	free(t->datagrams);
	*t = (struct traffic){ .flows = NULL };
}
