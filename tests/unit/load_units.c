/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "core/load/units.h"
#include "core/base/banned.h"

struct duration_case {
	const char *text;
	enum unit_result result;
	int64_t ns;
};

Test(load_units, durations)
{
	static const struct duration_case cases[] = {
		{ "10ns", UNIT_FINE, 10 },
		{ "100us", UNIT_FINE, 100000 },
		{ "20ms", UNIT_FINE, 20000000 },
		{ "5s", UNIT_FINE, 5000000000 },
		{ "1m", UNIT_FINE, 60000000000 },
		{ "1h", UNIT_FINE, 3600000000000 },
		{ "1.5s", UNIT_FINE, 1500000000 },
		{ "0.25ms", UNIT_FINE, 250000 },
		{ "0s", UNIT_FINE, 0 },
		{ "1.0ns", UNIT_FINE, 1 },
		{ "5", UNIT_MISSING, 0 },
		{ "5 s", UNIT_UNKNOWN, 0 },
		{ "5sec", UNIT_UNKNOWN, 0 },
		{ "", UNIT_NOT_A_NUMBER, 0 },
		{ "s", UNIT_NOT_A_NUMBER, 0 },
		{ "-1s", UNIT_NOT_A_NUMBER, 0 },
		{ "5.s", UNIT_NOT_A_NUMBER, 0 },
		{ ".5s", UNIT_NOT_A_NUMBER, 0 },
		{ "1.5ns", UNIT_NOT_A_NUMBER, 0 },
		{ "99999999999999999999s", UNIT_TOO_LARGE, 0 },
		{ "9999999999999h", UNIT_TOO_LARGE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ns = -1;

		cr_expect_eq(parse_duration(cases[i].text, &ns), cases[i].result, "\"%s\"", cases[i].text);
		if (cases[i].result == UNIT_FINE)
			cr_expect_eq(ns, cases[i].ns, "\"%s\" is %lld", cases[i].text, (long long)ns);
		else
			cr_expect_not_null(duration_advice(cases[i].result));
	}
}

struct size_case {
	const char *text;
	enum unit_result result;
	uint64_t bytes;
};

Test(load_units, sizes)
{
	static const struct size_case cases[] = {
		{ "64", UNIT_FINE, 64 },
		{ "64B", UNIT_FINE, 64 },
		{ "4KiB", UNIT_FINE, 4096 },
		{ "1MiB", UNIT_FINE, 1 << 20 },
		{ "1.5KiB", UNIT_FINE, 1536 },
		{ "2GiB", UNIT_FINE, (uint64_t)2 << 30 },
		{ "4KB", UNIT_UNKNOWN, 0 },
		{ "1.5", UNIT_NOT_A_NUMBER, 0 },
		{ "", UNIT_NOT_A_NUMBER, 0 },
		{ "9223372036854775808", UNIT_TOO_LARGE, 0 },
		{ "9223372036854775807", UNIT_FINE, INT64_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 0;

		cr_expect_eq(parse_size(cases[i].text, &bytes), cases[i].result, "\"%s\"", cases[i].text);
		if (cases[i].result == UNIT_FINE)
			cr_expect_eq(bytes, cases[i].bytes, "\"%s\"", cases[i].text);
		else
			cr_expect_not_null(size_advice(cases[i].result));
	}
}

Test(load_units, counts)
{
	uint64_t n;

	cr_expect_eq(parse_count("18446744073709551615", &n), UNIT_FINE);
	cr_expect_eq(n, UINT64_MAX);
	cr_expect_eq(parse_count("18446744073709551616", &n), UNIT_TOO_LARGE);
	cr_expect_eq(parse_count("1x", &n), UNIT_NOT_A_NUMBER);
	cr_expect_eq(parse_count("-1", &n), UNIT_NOT_A_NUMBER);
	cr_expect_eq(parse_count("+1", &n), UNIT_NOT_A_NUMBER);
	cr_expect_eq(parse_count(" 1", &n), UNIT_NOT_A_NUMBER);
}

Test(load_units, reals)
{
	double x;

	cr_expect(parse_real("0.25", &x) && x == 0.25);
	cr_expect(parse_real(".5", &x) && x == 0.5);
	cr_expect(parse_real("1e-2", &x) && x == 0.01);
	cr_expect_not(parse_real("nan", &x));
	cr_expect_not(parse_real("inf", &x));
	cr_expect_not(parse_real("0x1p3", &x));
	cr_expect_not(parse_real("1e999", &x));
	cr_expect_not(parse_real("-1", &x));
	cr_expect_not(parse_real("1 ", &x));
	cr_expect_not(parse_real(".", &x));
	cr_expect_not(parse_real("", &x));
}

Test(load_units, durations_as_text)
{
	static const struct duration_case cases[] = {
		{ "20ms", UNIT_FINE, 20000000 },
		{ "90s", UNIT_FINE, 90000000000 },
		{ "2m", UNIT_FINE, 120000000000 },
		{ "1500ns", UNIT_FINE, 1500 },
		{ "0ns", UNIT_FINE, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = duration_text(cases[i].ns);

		cr_expect_str_eq(text, cases[i].text);
		free(text);
	}
}
