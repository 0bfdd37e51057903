/* SPDX-License-Identifier: MIT */
/*
 * all-answered: each request gets its answer (requests.h), unless the one that asked died, or its service did and was
 * started again after it. A request that was given up is not answered. Programs of the user's own are asked only if any
 * answer was sent at all: else their messages may be such as need none.
 */
#include "core/check/applies.h"
#include "core/check/requests.h"
#include "core/check/who.h"
#include "core/base/banned.h"

static bool must_answer(const struct property_input *in)
{
	return in->scenario && (in->scenario->reference.workload.pattern == PATTERN_ECHO ||
		in->scenario->reference.workload.pattern == PATTERN_REQUEST_REPLY);
}

static void all_answered_check(const struct property_input *in, struct verdict *out)
{
	const struct history *h = in->history;
	struct messages m;
	struct requests r;
	size_t n_open = 0, first = 0;
	char text[MESSAGE_TEXT];

	messages_init(&m, h);
	requests_init(&r, &m, h);
	for (size_t i = 0; i < r.n; i++) {
		if (r.items[i].answered || who_died(in, r.items[i].proc) ||
			who_lost_service(in, who_role(in, r.items[i].proc)))
			continue;
		if (!n_open++)
			first = r.items[i].sent;
		verdict_evidence(out, r.items[i].sent);
	}
	if (!r.n_answers && !must_answer(in))
		verdict_set(out, VERDICT_NOT_APPLICABLE, "no message was an answer to another");
	else if (n_open)
		verdict_set(out, who_was_cut(in) ? VERDICT_UNKNOWN : VERDICT_VIOLATED,
			"%zu of %zu requests got no answer; the first is %s", n_open, r.n,
			message_text(&h->events[first].e, text));
	requests_fini(&r);
	messages_fini(&m);
}

const struct property property_all_answered = {
	.name = "all-answered",
	.summary = "each request gets its answer",
	.about = "liveness",
	.needs_all_events = true,
	.senseless = applies_to_requests,
	.check = all_answered_check,
};
