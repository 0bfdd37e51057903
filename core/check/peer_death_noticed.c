/* SPDX-License-Identifier: MIT */
/*
 * peer-death-noticed: when a process has died, each one that had a connection, pipe or FIFO with it gets to know.
 *
 * To know is, after the last that the dead process did: a receive that returns 0 or fails, a send that fails, a close
 * of the connection, or the end of the process itself. Who moved no data and took no connection on that channel had
 * nothing to notice.
 */
#include <errno.h>
#include <string.h>

#include "core/check/traffic.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static bool kind_tells_death(uint32_t kind)
{
	return kind_is_stream(kind) || kind == OBJ_UNIX_SEQPACKET;
}

static bool is_notice(const struct event *e)
{
	struct history_call call = history_call_of(e->call);

	if (e->kind != EV_CALL)
		return false;
	if (!strcmp(who_call(e->call), "close"))
		return true;
	if (call.way == WAY_OUT && !e->error && !e->result)
		return e->asked > 0;
	return call.way != WAY_NONE && e->error && e->error != EAGAIN && e->error != EINTR;
}

/* Had the process to do with the channel before the death, and has it noticed since? */
static bool has_missed(const struct history *h, uint32_t proc, uint32_t channel, uint32_t death, size_t *last)
{
	bool used = false;

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];

		if (e->proc != proc)
			continue;
		if (e->e.kind == EV_EXIT)
			return false;
		if (e->channel != channel || (e->e.kind != EV_CALL && e->e.kind != EV_INVOKED))
			continue;
		/* a close is the end of it whenever it comes; other news count from the death on */
		if (is_notice(&e->e) && (i >= death || !strcmp(who_call(e->e.call), "close")))
			return false;
		used = true;
		*last = i;
	}
	return used;
}

static void channel_check(const struct property_input *in, uint32_t dead, uint32_t channel, struct verdict *out)
{
	const struct history *h = in->history;
	uint32_t death = who_last_event(h, dead);

	for (uint32_t p = 0; p < h->n_procs; p++) {
		size_t last = 0;

		if (p == dead || who_died(in, p) || !has_missed(h, p, channel, death, &last))
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
