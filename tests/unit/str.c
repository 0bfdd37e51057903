/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "core/base/str.h"
#include "core/base/banned.h"

Test(str, none_is_empty)
{
	struct str s = STR_NONE;

	cr_expect_str_eq(str_get(&s), "");
	str_fini(&s);
	str_fini(&s);
	cr_expect_str_eq(str_get(&s), "");
}

Test(str, grows)
{
	struct str s = STR_NONE;

	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i % 10);
	cr_expect_eq(s.length, 2000);
	cr_expect_eq(strlen(str_get(&s)), 2000);
	cr_expect_eq(strncmp(str_get(&s), "0,1,2,3,", 8), 0);
	str_clear(&s);
	cr_expect_str_eq(str_get(&s), "");
	str_add(&s, "again");
	cr_expect_str_eq(str_get(&s), "again");
	str_fini(&s);
}

Test(str, keeps_bytes)
{
	struct str s = STR_NONE;

	str_add_bytes(&s, "a\0b", 3);
	cr_expect_eq(s.length, 3);
	cr_expect_eq(memcmp(str_get(&s), "a\0b", 4), 0);
	str_fini(&s);
}

Test(str, take_gives_it_away)
{
	struct str s = STR_NONE;
	char *text = str_take(&s);

	cr_expect_str_eq(text, "");
	free(text);
	str_add(&s, "mine");
	text = str_take(&s);
	cr_expect_str_eq(text, "mine");
	cr_expect_str_eq(str_get(&s), "");
	cr_expect_eq(s.room, 0);
	free(text);
}

Test(str, long_formats)
{
	char *long_text = mem_new(10001), *made;

	memset(long_text, 'x', 10000);
	made = mem_printf("<%s>", long_text);
	cr_expect_eq(strlen(made), 10002);
	free(made);
	free(long_text);
}

Test(str, globs)
{
	cr_expect(glob_match("server", "server"));
	cr_expect_not(glob_match("server", "server.1"));
	cr_expect(glob_match("server*", "server"));
	cr_expect(glob_match("server*", "server.1.1"));
	cr_expect(glob_match("client/?", "client/2"));
	cr_expect_not(glob_match("client/?", "client/12"));
	cr_expect(glob_match("*", ""));
	cr_expect(glob_match("a*b*c", "a-b-b-c"));
	cr_expect_not(glob_match("a*b*c", "a-b-b-d"));
	cr_expect_not(glob_match("", "a"));
	cr_expect(glob_match("**", "x"));
}

Test(str, copies_are_cut_and_ended)
{
	char small[4] = "???";

	text_copy(small, sizeof(small), "abcdef");
	cr_expect_str_eq(small, "abc");
	text_copy(small, sizeof(small), "");
	cr_expect_str_eq(small, "");
	text_copy(small, 1, "a");
	cr_expect_str_eq(small, "");
}

Test(str, nearest)
{
	static const char *const names[] = { "no-loss", "no-duplication", "fifo", "no-hang" };

	cr_expect_str_eq(text_nearest("no-los", names, 4), "no-loss");
	cr_expect_str_eq(text_nearest("fifp", names, 4), "fifo");
	cr_expect_str_eq(text_nearest("no-duplicaton", names, 4), "no-duplication");
	cr_expect_null(text_nearest("backpressure", names, 4));
	cr_expect_str_eq(text_nearest("TREM", (const char *const[]){ "HUP", "TERM" }, 2), "TERM");
	cr_expect_null(text_nearest("fifo", names, 0));
}

Test(str, nearest_of_a_very_long_name)
{
	static const char *const names[] = { "fifo" };
	char name[4096];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	cr_expect_null(text_nearest(name, names, 1));
}
