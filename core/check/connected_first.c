/* SPDX-License-Identifier: MIT */
/*
 * connected-first: on a technique with connections no data flows before there is one.
 *
 * Each process that moves data over a connection had, itself or an ancestor, a connect, accept or socketpair that
 * succeeded before. A send that the kernel refuses (ENOTCONN, EPIPE) moves no data: it shows that the property holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/check/applies.h"
#include "core/check/kinds.h"
#include "core/check/who.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static bool connects(const struct event *e)
{
	uint8_t family = history_call_of(e->call).family;

	if (family == FAMILY_CONNECT)
		return !e->error || e->error == EINPROGRESS || e->error == EINTR || e->error == EISCONN;
	return !e->error && (family == FAMILY_ACCEPT || !strcmp(who_call(e->call), "socketpair"));
}

/* A descriptor may come from an ancestor, or through a socket from anybody who was connected. */
static bool has_connected(const struct history *h, const bool *connected, uint32_t proc)
{
	for (size_t steps = 0; steps <= h->n_procs; steps++) {
		if (connected[proc])
			return true;
		if (!h->procs[proc].parent)
			return false;
		proc = h->procs[proc].parent - 1;
	}
	return false;
}

static void connected_first_check(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;
	bool *connected = mem_new(h->n_procs * sizeof(*connected));

	for (size_t i = 0; i < h->n_events; i++) {
		const struct history_event *e = &h->events[i];
		const struct channel *c = e->channel ? &h->channels[e->channel - 1] : NULL;

		if (e->e.kind != EV_CALL)
			continue;
		connected[e->proc] |= connects(&e->e);
		if (!c || !kind_is_connection(c->kind) || c->standard || !history_bytes(&e->e) ||
			has_connected(h, connected, e->proc))
			continue;
		verdict_evidence(out, i);
		verdict_set(out, VERDICT_VIOLATED, "%s moved %llu bytes by %s() over %s before it had a connection",
			who_name(h, e->proc), (unsigned long long)history_bytes(&e->e), who_call(e->e.call), c->name);
	}
	free(connected);
}

const struct property property_connected_first = {
	.name = "connected-first",
	.summary = "no data flows before there is a connection",
	.about = "connection",
	.needs_all_events = true,
	.senseless = applies_to_connections,
	.check = connected_first_check,
};
