/* SPDX-License-Identifier: MIT */
#include "core/check/applies.h"

#include "core/check/messages.h"
#include "core/check/kinds.h"
#include "core/base/banned.h"

static bool is_reference(const struct property_input *in)
{
	return in->scenario && in->scenario->reference.technique;
}

const char *applies_to_messages(const struct property_input *in)
{
	if (!in->history || messages_are_told(in))
		return NULL;
	if (history_has(in->history, kind_is_stream) || history_has(in->history, kind_is_datagram))
		return NULL;
	return "no message and no channel of data was seen";
}

const char *applies_to_content(const struct property_input *in)
{
	if (is_reference(in) && !(in->traits & TRAIT_DATA))
		return "this technique carries no content";
	return applies_to_messages(in);
}

const char *applies_to_numbered(const struct property_input *in)
{
	if (!in->history || messages_are_told(in))
		return NULL;
	return "the programs do not number their messages (sabot.h)";
}

const char *applies_to_connections(const struct property_input *in)
{
	if (is_reference(in))
		return in->traits & TRAIT_CONNECTION ? NULL : "this technique knows no connections";
	if (in->history && !history_has(in->history, kind_is_connection))
		return "no connection was seen";
	return NULL;
}

const char *applies_to_requests(const struct property_input *in)
{
	if (is_reference(in)) {
		enum pattern p = in->scenario->reference.workload.pattern;

		if (p == PATTERN_ONE_WAY || p == PATTERN_FAN_IN || p == PATTERN_FAN_OUT || p == PATTERN_BULK)
			return "the workload has no answers";
	}
	return applies_to_numbered(in);
}
