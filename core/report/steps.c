/* SPDX-License-Identifier: MIT */
#include "core/report/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/call.h"
#include "core/model/plan.h"
#include "core/report/site.h"
#include "core/report/words.h"
#include "core/base/banned.h"

static const struct channel *channel_of(const struct history *h, const struct history_event *e)
{
	return e->channel && e->channel <= h->n_channels ? &h->channels[e->channel - 1] : NULL;
}

static bool name_ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && !strcmp(name + n - m, end);
}

static void moved_add(struct str *out, const struct event *e, const char *name)
{
	/* On which of two channels the bytes count is another question. */
	bool between = history_call_of(e->call).moves == MOVES_UNCOUNTED;
	uint64_t moved = between && e->result > 0 ? (uint64_t)e->result : history_bytes(e);

	if (name_ends(name, "mmsg")) {
		str_addf(out, "%s %" PRId64 " messages", name, e->result);
		return;
	}
	str_addf(out, "%s %" PRIu64, name, moved);
	if (words_family(e->call) == FAMILY_SEND ? moved < e->asked : (e->flags & EVF_SHORTENED) != 0)
		str_addf(out, " of %" PRIu32, e->asked);
	str_add(out, " B");
	if (e->flags & EVF_DUPLICATED)
		str_add(out, " twice");
}

static void call_label(struct str *out, const struct history *h, const struct history_event *he)
{
	const struct event *e = &he->e;
	const struct channel *channel = channel_of(h, he);
	const char *name = words_call(e->call);
	unsigned family = words_family(e->call);

	if (e->error) {
		str_addf(out, "%s = ", name);
		words_errno(out, e->error);
	} else if (family == FAMILY_SEND) {
		moved_add(out, e, name);
	} else if (family == FAMILY_RECEIVE) {
		if (!history_bytes(e) && e->asked && channel && words_kind_is_stream(channel->kind))
			str_addf(out, "%s = EOF", name);
		else
			moved_add(out, e, name);
	} else {
		str_add(out, name);
	}
	if (channel && channel->ordinal > 1)
		str_addf(out, " #%" PRIu32, channel->ordinal);
}

/* Quiet things that only a failure or a strike makes worth a row. */
static bool call_is_shown(const struct history *h, const struct history_event *he)
{
	const struct channel *channel = channel_of(h, he);
	const char *name = words_call(he->e.call);

	if (he->e.flags & EVF_STRUCK || he->e.strike)
		return true;
	if (channel && (channel->standard || channel->kind == OBJ_FILE))
		return false;
	switch (words_family(he->e.call)) {
	case FAMILY_RECEIVE:
	case FAMILY_SEND:
		return channel != NULL;
	case FAMILY_ACCEPT:
	case FAMILY_CONNECT:
		return true;
	case FAMILY_CLOSE:
		return channel && !channel->listener;
	case FAMILY_WAIT:
	case FAMILY_SLEEP:
		return he->e.error == EINTR;
	case FAMILY_LOCK:
		return true;
	case FAMILY_SIGNAL:
		return strstr(name, "kill") || !strcmp(name, "sigqueue") || !strcmp(name, "raise") ||
		       strstr(name, "wait");
	default:
		return false;
	}
}

/* Did the process do anything before event i? */
static bool was_there(const struct history *h, uint32_t proc, size_t i)
{
	while (i-- > 0)
		if (h->events[i].proc == proc)
			return true;
	return false;
}

/*
 * Who gets what this call sends: the next process that accepts or receives it on the channel, else the known other
 * end. A child that is forked only later cannot be meant: its parent's end is.
 */
static uint32_t target_find(const struct history *h, size_t i)
{
	enum { LOOK_AHEAD = 4096 };
	const struct history_event *he = &h->events[i];
	const struct channel *channel = channel_of(h, he);
	unsigned wanted = words_family(he->e.call) == FAMILY_CONNECT ? FAMILY_ACCEPT : FAMILY_RECEIVE;
	uint32_t late = 0;

	if (!channel)
		return 0;
	for (size_t j = i + 1; j < h->n_events && j - i < LOOK_AHEAD; j++) {
		const struct history_event *other = &h->events[j];

		if (other->channel != he->channel || other->proc == he->proc || other->proc >= h->n_procs ||
			other->e.kind != EV_CALL || other->e.error || words_family(other->e.call) != wanted)
			continue;
		if (!h->procs[other->proc].parent || was_there(h, other->proc, i))
			return other->proc + 1;
		late = other->proc + 1;
		break;
	}
	if (channel->from && channel->from != he->proc + 1)
		return channel->from;
	return channel->to && channel->to != he->proc + 1 ? channel->to : late;
}

static void call_step(struct str *label, const struct history *h, size_t i, struct step *out)
{
	const struct history_event *he = &h->events[i];
	unsigned family = words_family(he->e.call);

	call_label(label, h, he);
	if (he->e.error || (family != FAMILY_SEND && family != FAMILY_CONNECT))
		return;
	out->target = target_find(h, i);
	if (out->target && out->target <= h->n_procs)
		out->kind = he->e.flags & EVF_DROPPED ? STEP_LOST : STEP_ARROW;
	else
		out->target = 0;
}

static void site_add(struct str *label, const struct history *h, const struct history_event *he)
{
	char site[SITE_TEXT] = "";

	if (he->proc < h->n_procs)
		site_text(h, he, site, sizeof(site));
	if (site[0])
		str_addf(label, "  %s", site);
}

static void strike_step(struct str *label, const struct history *h, const struct history_event *he, bool utf8)
{
	str_add(label, utf8 ? "⚡ " : "* ");
	words_action(label, he->e.asked, he->e.result);
	str_addf(label, " at %s", words_call(he->e.call));
	site_add(label, h, he);
}

/* A call that never returned: why the others wait. */
static void invoked_step(struct str *label, const struct history *h, const struct history_event *he)
{
	str_add(label, words_call(he->e.call));
	if (he->e.fd >= 0)
		str_addf(label, "(%" PRId32 ")", he->e.fd);
	str_add(label, " never returned");
	site_add(label, h, he);
}

static bool life_step(
	struct str *label, const struct history *h, const struct history_event *he, bool utf8, struct step *out)
{
	const struct event *e = &he->e;

	switch (e->kind) {
	case EV_EXIT:
		str_add(label, utf8 ? "✝" : "X");
		/* At the end of main() nobody tells the status. */
		if (e->result >= 0)
			str_addf(label, " exit %" PRId64, e->result);
		else
			str_add(label, " ended");
		out->kind = STEP_END;
		return true;
	case EV_SIGNAL:
		words_signal(label, (int)e->result);
		str_add(label, " arrives");
		return true;
	case EV_FORK:
		str_addf(label, "fork: %s", e->object ? words_proc(h, e->object - 1) : "a child");
		return true;
	case EV_EXEC:
		str_addf(label, "exec %s", history_text(h, he));
		return true;
	case EV_BECAME:
		str_add(label, history_text(h, he));
		return true;
	default:
		return false;
	}
}

bool step_of(const struct history *h, size_t i, bool utf8, struct step *out)
{
	const struct history_event *he = &h->events[i];
	struct str label = STR_NONE;
	bool shown = true;

	*out = (struct step){ .event = i, .kind = STEP_NOTE, .proc = he->proc, .times = 1, .answer = SIZE_MAX };
	if (he->proc >= h->n_procs)
		return false;
	if (he->e.kind == EV_CALL) {
		shown = call_is_shown(h, he);
		if (shown)
			call_step(&label, h, i, out);
	} else if (he->e.kind == EV_STRIKE) {
		strike_step(&label, h, he, utf8);
		out->kind = STEP_LOUD;
	} else if (he->e.kind == EV_INVOKED) {
		invoked_step(&label, h, he);
		out->kind = STEP_LOUD;
	} else {
		shown = life_step(&label, h, he, utf8, out);
	}
	text_copy(out->label, sizeof(out->label), str_get(&label));
	str_fini(&label);
	return shown;
}

bool step_answers(const struct history *h, const struct step *a, const struct step *b)
{
	const struct history_event *sent = &h->events[a->event], *got = &h->events[b->event];

	if (a->kind != STEP_ARROW || b->kind != STEP_NOTE || a->target != b->proc + 1 || got->e.kind != EV_CALL ||
		got->e.error)
		return false;
	if (words_family(sent->e.call) == FAMILY_CONNECT)
		return words_family(got->e.call) == FAMILY_ACCEPT;
	return words_family(got->e.call) == FAMILY_RECEIVE && got->channel == sent->channel &&
	       history_bytes(&got->e) > 0;
}
