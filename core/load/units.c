/* SPDX-License-Identifier: MIT */
#include "core/load/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>

#include "core/base/str.h"
#include "core/base/banned.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60000000000 },
	{ "h", 3600000000000 },
};

static const struct unit sizes[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "KiB", 1 << 10 },
	{ "MiB", 1 << 20 },
	{ "GiB", 1 << 30 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The digits at *text, which is moved behind them. */
static enum unit_result digits_take(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*p))
		return UNIT_NOT_A_NUMBER;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (unsigned)(*p - '0'), &value))
			return UNIT_TOO_LARGE;
	*text = p;
	*out = value;
	return UNIT_FINE;
}

static const struct unit *unit_find(const struct unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

/* A decimal fraction of the unit: ".5" of "s". Digits beyond what the unit can hold are dropped. */
static enum unit_result fraction_take(const char **text, uint64_t *numerator, uint64_t *denominator)
{
	const char *p = *text + 1;

	*numerator = 0;
	*denominator = 1;
	if (!isdigit((unsigned char)*p))
		return UNIT_NOT_A_NUMBER;
	for (; isdigit((unsigned char)*p); p++) {
		if (*denominator >= 100000)
			continue;
		*numerator = *numerator * 10 + (unsigned)(*p - '0');
		*denominator *= 10;
	}
	*text = p;
	return UNIT_FINE;
}

static enum unit_result parse_units(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	uint64_t whole, numerator = 0, denominator = 1;
	enum unit_result r = digits_take(&text, &whole);
	const struct unit *unit;

	if (r)
		return r;
	if (*text == '.' && (r = fraction_take(&text, &numerator, &denominator)))
		return r;
	unit = unit_find(units, n, text);
	if (!unit)
		return *text ? UNIT_UNKNOWN : UNIT_MISSING;
	if (unit->factor == 1 && numerator)
		return UNIT_NOT_A_NUMBER;
	if (__builtin_mul_overflow(whole, unit->factor, out) ||
		__builtin_add_overflow(*out, unit->factor * numerator / denominator, out) || *out > INT64_MAX)
		return UNIT_TOO_LARGE;
	return UNIT_FINE;
}

enum unit_result parse_count(const char *text, uint64_t *out)
{
	enum unit_result r = digits_take(&text, out);

	return r ? r : *text ? UNIT_NOT_A_NUMBER : UNIT_FINE;
}

enum unit_result parse_duration(const char *text, int64_t *ns)
{
	uint64_t value;
	enum unit_result r = parse_units(text, durations, COUNT(durations), &value);

	if (!r)
		*ns = (int64_t)value;
	return r;
}

enum unit_result parse_size(const char *text, uint64_t *bytes)
{
	return parse_units(text, sizes, COUNT(sizes), bytes);
}

char *duration_text(int64_t ns)
{
	size_t i = COUNT(durations) - 1;

	while (i > 0 && (ns == 0 || ns % (int64_t)durations[i].factor != 0))
		i--;
	return mem_printf("%lld%s", (long long)(ns / (int64_t)durations[i].factor), durations[i].name);
}

bool parse_real(const char *text, double *out)
{
	char *end;

	if (!isdigit((unsigned char)*text) && *text != '.')
		return false;
	errno = 0;
	*out = strtod(text, &end);
	return *end == '\0' && errno == 0 && isfinite(*out) && text[1] != 'x' && text[1] != 'X';
}

const char *duration_advice(enum unit_result r)
{
	switch (r) {
	case UNIT_FINE:
		return NULL;
	case UNIT_MISSING:
		return "a duration needs a unit: 20ms, 5s, 1m";
	case UNIT_UNKNOWN:
		return "units of time are ns, us, ms, s, m and h";
	case UNIT_TOO_LARGE:
		return "this is longer than anybody can wait";
	default:
		return "write a number and a unit: 20ms, 5s, 1m";
	}
}

const char *size_advice(enum unit_result r)
{
	switch (r) {
	case UNIT_FINE:
		return NULL;
	case UNIT_UNKNOWN:
		return "units of size are KiB, MiB and GiB; none means bytes";
	case UNIT_TOO_LARGE:
		return "this is more than any machine has";
	default:
		return "write a number of bytes: 64, 4KiB, 1MiB";
	}
}
