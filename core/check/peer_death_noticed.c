/* SPDX-License-Identifier: MIT */
/*
 * peer-death-noticed: when a process has died, each one that had a connection, pipe or FIFO with it gets to know.
 *
 * To know is, after the last that the dead process did: a receive that returns 0 or fails, a send that fails, to have
 * waited for it as a parent; or a close of the connection, or the end of the process itself. Who moved no data and took
 * no connection on that channel had nothing to notice.
 */
#include <errno.h>
#include <string.h>

#include "core/check/kinds.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static bool kind_tells_death(uint32_t kind)
{
	return kind_is_stream(kind) || kind == OBJ_UNIX_SEQPACKET;
}

static bool is_news(const struct event *e)
{
	struct history_call call = history_call_of(e->call);

	if (call.way == WAY_OUT && !e->error && !e->result)
		return e->asked > 0;
	return call.way != WAY_NONE && e->error && e->error != EAGAIN && e->error != EINTR;
}

/* Did a parent learn of it by waiting? */
static bool is_burial(const struct history *h, const struct event *e, uint32_t dead)
{
	const char *name = who_call(e->call);

	if (e->kind != EV_CALL || e->error || strncmp(name, "wait", strlen("wait")) != 0)
		return false;
	return e->result == h->procs[dead].pid || !strcmp(name, "waitid");
}

/* Does the call close descriptors without naming the channel? */
static bool closes_many(const struct event *e)
{
	const char *name = who_call(e->call);

	return e->kind == EV_CALL && !e->error && (!strcmp(name, "closefrom") || !strcmp(name, "close_range"));
}

/* Had the process to do with the channel, and did it never learn of the death? *last: its last event there. */
static bool has_missed(const struct history *h, uint32_t proc, uint32_t channel, uint32_t dead, size_t *last)
{
	uint32_t death = who_last_event(h, dead);
	bool used = false, closed = false;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->proc != proc)
			continue;
		if (e->e.kind == EV_EXIT || (i >= death && is_burial(h, &e->e, dead)))
			return false;
		closed |= closes_many(&e->e);
		if (e->channel != channel || (e->e.kind != EV_CALL && e->e.kind != EV_INVOKED))
			continue;
		if (e->e.kind == EV_CALL && i >= death && is_news(&e->e))
			return false;
		closed = e->e.kind == EV_CALL && !strcmp(who_call(e->e.call), "close");
		used = true;
		*last = i;
	}
	return used && !closed;
}

static void channel_check(const struct property_input *in, uint32_t dead, uint32_t channel, struct verdict *out)
{
	const struct history *h = in->history;
	uint32_t death = who_last_event(h, dead);

	for (uint32_t p = 0; p < h->n_procs; p++) {
		size_t last = 0;

		if (p == dead || who_died(in, p) || !has_missed(h, p, channel, dead, &last))
			continue;
		verdict_evidence(out, death ? death - 1 : 0);
		verdict_evidence(out, last);
		verdict_set(out, VERDICT_VIOLATED, "%s never noticed that %s, at the other end of %s, had died",
			who_name(h, p), who_name(h, dead), h->channels[channel - 1].name);
	}
}

static bool uses(const struct history *h, uint32_t proc, uint32_t channel)
{
	const struct channel *c = &h->channels[channel - 1];

	if (c->from == proc + 1 || c->to == proc + 1)
		return true;
	for (size_t i = 0; i < h->n_events; i++)
		if (h->events[i].proc == proc && h->events[i].channel == channel)
			return true;
	return false;
}

static const char *peer_death_senseless(const struct property_input *in)
{
	if (in->scenario && in->scenario->reference.technique && !(in->traits & TRAIT_CONNECTION) &&
		!history_has(in->history, kind_tells_death))
		return "this technique does not tell who is at the other end";
	if (!in->history || !in->outcome)
		return NULL;
	if (!history_has(in->history, kind_tells_death))
		return "no connection was seen";
	return who_anybody_died(in) ? NULL : "nobody died";
}

static void peer_death_check(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;

	for (uint32_t dead = 0; dead < h->n_procs; dead++) {
		if (!who_died(in, dead))
			continue;
		for (uint32_t c = 1; c <= h->n_channels; c++)
			if (kind_tells_death(h->channels[c - 1].kind) && !h->channels[c - 1].listener &&
				!h->channels[c - 1].standard && uses(h, dead, c))
				channel_check(in, dead, c, out);
	}
}

const struct property property_peer_death_noticed = {
	.name = "peer-death-noticed",
	.summary = "who had a connection with a process that died gets to know",
	.about = "connection",
	.needs_all_events = true,
	.senseless = peer_death_senseless,
	.check = peer_death_check,
};
