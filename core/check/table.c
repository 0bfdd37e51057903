/* SPDX-License-Identifier: MIT */
/* The table of properties, and the rules that hold for all of them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/model/property.h"
#include "core/base/str.h"
#include "core/base/banned.h"

#define PROPERTY(symbol) extern const struct property property_##symbol;
#include "core/check/properties.def"
#undef PROPERTY

const struct property *const property_table[] = {
#define PROPERTY(symbol) &property_##symbol,
#include "core/check/properties.def"
#undef PROPERTY
};
const size_t n_properties = sizeof(property_table) / sizeof(*property_table);

const struct property *property_find(const char *name)
{
	for (size_t i = 0; i < n_properties; i++)
		if (!strcmp(property_table[i]->name, name))
			return property_table[i];
	return NULL;
}

void verdict_set(struct verdict *out, enum verdict_value value, const char *format, ...)
{
	va_list args;

	if (out->value != VERDICT_HOLDS)
		return;
	out->value = value;
	va_start(args, format);
	vsnprintf(out->why, sizeof(out->why), format, args);
	va_end(args);
}

void verdict_evidence(struct verdict *out, size_t event)
{
	if (out->n_evidence < VERDICT_EVIDENCE)
		out->evidence[out->n_evidence++] = (uint32_t)event;
}

/* Why the history does not tell everything; false: it does. */
static bool is_incomplete(const struct property_input *in, struct verdict *out)
{
	const struct outcome *o = in->outcome;

	if (in->history->lost || !o->seen_all_events)
		verdict_set(out, VERDICT_UNKNOWN, "the history is not complete: %llu events found no room",
			(unsigned long long)in->history->lost);
	else if (o->n_blind)
		verdict_set(out, VERDICT_UNKNOWN, "%u process%s could not be observed: %.*s", o->n_blind,
			o->n_blind == 1 ? "" : "es", (int)sizeof(o->blind) - 1, o->blind);
	return out->value != VERDICT_HOLDS;
}

void property_check(const struct property *p, const struct property_input *in, struct verdict *out)
{
	const char *reason;

	*out = (struct verdict){ .value = VERDICT_HOLDS };
	if (p->unavailable) {
		verdict_set(out, VERDICT_NOT_APPLICABLE, "%s", p->unavailable);
		return;
	}
	if (in->outcome->end == RUN_BROKEN || in->outcome->end == RUN_CANNOT) {
		verdict_set(out, VERDICT_UNKNOWN, "there was no run: %.200s", in->outcome->why);
		return;
	}
	reason = p->senseless ? p->senseless(in) : NULL;
	if (reason) {
		verdict_set(out, VERDICT_NOT_APPLICABLE, "%s", reason);
		return;
	}
	if (p->needs_baseline && !in->baseline) {
		verdict_set(out, VERDICT_NOT_APPLICABLE, "no fault-free run was made to compare with");
		return;
	}
	if (p->needs_all_events && is_incomplete(in, out))
		return;
	p->check(in, out);
}
