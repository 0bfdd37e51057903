/* SPDX-License-Identifier: MIT */
/* Text of unknown origin, and our own words. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#include "core/report/canvas.h"
#include "core/report/pen.h"
#include "core/report/utf8.h"
#include "core/report/words.h"
#include "tests/unit/report_support.h"

#define R "\xef\xbf\xbd" /* U+FFFD */

static void is(struct str *s, const char *want)
{
	cr_expect_str_eq(str_get(s), want);
	str_fini(s);
}

Test(report_words, invalid_utf8_is_replaced_and_nothing_else)
{
	static const struct {
		const char *bytes, *want;
	} cases[] = {
		{ "plain ✓ ⚡ 😀", "plain ✓ ⚡ 😀" },
		{ "\xff", R },
		{ "\xc3(", R "(" },
		{ "cut \xe2\x9c", "cut " R R },
		{ "overlong \xc0\xaf \xe0\x80\xaf", "overlong " R R " " R R R },
		{ "surrogate \xed\xa0\x80", "surrogate " R R R },
		{ "beyond \xf4\x90\x80\x80", "beyond " R R R R },
		{ "last \xf4\x8f\xbf\xbf", "last \xf4\x8f\xbf\xbf" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = STR_NONE;

		utf8_clean(&out, cases[i].bytes, strlen(cases[i].bytes));
		is(&out, cases[i].want);
	}
}

/* Whatever bytes come: what goes out is valid, and cleaning it again changes nothing. */
Test(report_words, any_bytes_become_valid)
{
	uint64_t state = 7;

	for (int round = 0; round < 2000; round++) {
		struct str once = STR_NONE, twice = STR_NONE, shown = STR_NONE;
		char bytes[32];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = (char)(state >> 56);
		}
		utf8_clean(&once, bytes, sizeof(bytes));
		utf8_clean(&twice, once.text, once.length);
		cr_assert(once.length == twice.length && !memcmp(once.text, twice.text, once.length));
		utf8_show(&shown, bytes, sizeof(bytes), false);
		for (size_t i = 0; i < shown.length; i++)
			cr_assert(shown.text[i] >= 0x20 && shown.text[i] < 0x7f);
		str_fini(&once);
		str_fini(&twice);
		str_fini(&shown);
	}
}

Test(report_words, control_characters_are_shown)
{
	static const char bytes[] = "a\nb\tc\033[2J\x7f\xc2\x9b\xe2\x80\xae";
	struct str out = STR_NONE;

	utf8_show(&out, bytes, sizeof(bytes) - 1, true);
	is(&out, "a\\nb c\\e[2J\\x7f\\x9b\\u202e");
	utf8_show(&out, "x→y…é", strlen("x→y…é"), false);
	is(&out, "x->y...?");
}

Test(report_words, locale)
{
	setenv("LC_ALL", "", 1);
	setenv("LC_CTYPE", "de_DE.utf8", 1);
	setenv("LANG", "C", 1);
	cr_expect(utf8_wanted());
	setenv("LC_ALL", "C", 1);
	cr_expect(!utf8_wanted());
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	setenv("LANG", "en_US.UTF-8", 1);
	cr_expect(utf8_wanted());
	unsetenv("LANG");
	cr_expect(!utf8_wanted());
}

Test(report_words, actions_as_a_scenario_writes_them)
{
	static const struct {
		uint32_t action;
		int64_t value;
		const char *want;
	} cases[] = {
		{ ACT_SHORT, 3, "short: 3" },
		{ ACT_SHORT, SHORT_HALF, "short: half" },
		{ ACT_SHORT, SHORT_ALL_BUT_ONE, "short: all but one" },
		{ ACT_DELAY, 20000000, "delay: 20ms" },
		{ ACT_DELAY, 1500000, "delay: 1500us" },
		{ ACT_FAIL, ECONNRESET, "fail: ECONNRESET" },
		{ ACT_FAIL, 9999, "fail: error 9999" },
		{ ACT_CORRUPT, 4, "corrupt: {byte: 4}" },
		{ ACT_INTERRUPT, 10, "interrupt" },
		{ ACT_KILL, 0, "kill" },
		{ N_ACTIONS, 0, "action 17" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = STR_NONE;

		words_action(&out, cases[i].action, cases[i].value);
		is(&out, cases[i].want);
	}
}

Test(report_words, ends_and_times)
{
	struct role_outcome *r = mem_new(sizeof(*r));
	struct str out = STR_NONE;

	r->ended = ENDED_SIGNAL;
	r->status = SIGSEGV;
	words_end(&out, r);
	is(&out, "killed by SIGSEGV");
	r->status = 63;
	words_end(&out, r);
	cr_expect(strstr(str_get(&out), "63") || strstr(str_get(&out), "SIGRT"), "%s", str_get(&out));
	str_fini(&out);
	words_duration(&out, 400000);
	is(&out, "0.4 ms");
	words_duration(&out, 12000000);
	is(&out, "12 ms");
	words_duration(&out, 2500000000);
	is(&out, "2.5 s");
	cr_expect_str_eq(words_call(UINT32_MAX), "call");
	free(r);
}

Test(report_words, shell)
{
	struct str out = STR_NONE;

	words_shell(&out, "scenarios/a-b_1.yaml");
	is(&out, "scenarios/a-b_1.yaml");
	words_shell(&out, "");
	is(&out, "''");
	words_shell(&out, "it's $HOME");
	is(&out, "'it'\\''s $HOME'");
}

Test(report_words, canvas_keeps_wide_characters_whole)
{
	struct str out = STR_NONE;
	struct canvas c;

	canvas_clear(&c);
	canvas_put(&c, 0, 10, "a⚡b", true);
	canvas_put(&c, 2, 3, "|", true);
	canvas_add(&c, &out);
	is(&out, "a |b\n");
	canvas_clear(&c);
	canvas_put(&c, 0, 5, "much too long", true);
	canvas_put(&c, 98, 200, "⚡⚡", true);
	canvas_add(&c, &out);
	cr_expect(!strncmp(str_get(&out), "much…", strlen("much…")));
	cr_expect_leq(utf8_width(str_get(&out)), CANVAS_WIDTH + 1);
	str_fini(&out);
}

Test(report_words, wrapping)
{
	struct pen p = { .utf8 = true };
	struct str long_text = STR_NONE;

	for (int i = 0; i < 60; i++)
		str_add(&long_text, "word  ");
	pen_wrap(&p, 4, 4, str_get(&long_text));
	for (const char *line = str_get(&p.out), *end; (end = strchr(line, '\n')); line = end + 1) {
		cr_expect_leq(end - line, 96);
		cr_expect(end == line || end[-1] != ' ');
	}
	str_fini(&long_text);
	str_fini(&p.out);
	pen_wrap(&p, 2, 2, "one\ntwo\n");
	is(&p.out, "one\n  two\n");
}
