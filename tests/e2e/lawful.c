/* SPDX-License-Identifier: MIT */
/* Which strikes are lawful on Linux: told with `sabot run` by the program eager, whose descriptors do not block. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

/* Is the fault of this line struck in the program `eager`, or refused because a wait has told something? */
static void expect_lawful(const char *args, const char *fault, const char *realism, bool lawful)
{
	struct sabot_run r;
	char yaml[512];

	snprintf(yaml, sizeof(yaml),
		HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/eager, %s]\n    driver: true\n"
		       "faults:\n  - {in: main, %s}\nrealism: %s\n", args, fault, realism);
	r = run_text(yaml, "-v");
	cr_assert_not_null(strstr(r.out, lawful ? "struck once" : "a wait has told"), "%s: %s\n%s%s", args, fault,
		r.out, r.err);
	sabot_run_fini(&r);
}

/* What a wait has told is there, is there; only what somebody else may have taken, or a wrong checksum, is not. */
Test(lawful, eagain_after_readiness)
{
	static const struct {
		const char *args, *at;
		bool lawful;
	} all[] = {
		{ "socketpair", "read", true }, { "socketpair, poll", "read", false },
		{ "socketpair, select", "read", false }, { "socketpair, epoll", "read", false },
		{ "socketpair, peek", "read", false }, { "socketpair, poll, taken", "read", true },
		{ "socketpair, poll, thread", "read", true }, { "socketpair, poll, child", "read", true },
		{ "dgram, poll", "read", false }, { "pipe, poll", "read", false },
		{ "pipe, poll, child", "read", true }, { "eventfd, epoll", "read", false },
		{ "udp, poll", "read", true }, { "socketpair, out", "write", true },
		{ "socketpair, out, poll", "write", false }, { "pipe, out, select", "write", false },
		{ "dgram, out, epoll", "write", true },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char again[64], fail[64];

		snprintf(again, sizeof(again), "at: %s, do: again", all[i].at);
		snprintf(fail, sizeof(fail), "at: %s, do: {fail: EAGAIN}", all[i].at);
		expect_lawful(all[i].args, again, "linux", all[i].lawful);
		expect_lawful(all[i].args, fail, "linux", all[i].lawful);
		expect_lawful(all[i].args, again, "posix", true);
	}
}

/* A wait that tells of what is not there: for a server of connections by its master socket, else by what is shared. */
Test(lawful, a_wait_tells_of_nothing)
{
	static const struct {
		const char *args;
		bool lawful;
	} all[] = { { "socketpair, poll", false }, { "socketpair, select", false }, { "socketpair, epoll", false },
		    { "socketpair, child, poll", true }, { "udp, poll", true }, { "udp, epoll", true } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		expect_lawful(all[i].args, "at: wait, do: again", "linux", all[i].lawful);
}

/* signal(7): who was stopped in epoll_wait and goes on finds EINTR there, whoever handles no signal; not so in poll. */
Test(lawful, stopped_and_continued)
{
	static const char yaml[] =
		HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/eager, socketpair, %s]\n    driver: true\n"
		       "faults:\n  - {in: main, at: wait, do: {pause: {role: self, for: 1ms}}}\n"
		       "expect: {exit: {main: %d}}\n";
	static const char *const waits[] = { "epoll", "poll", "select" };

	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		struct sabot_run r;
		char text[512];

		snprintf(text, sizeof(text), yaml, waits[i], i ? 0 : 3);
		r = run_text(text, "-v");
		cr_assert_not_null(strstr(r.out, "struck once"), "%s%s", r.out, r.err);
		cr_assert_not_null(strstr(r.out, i ? "main  exit 0" : "main  exit 3"), "%s%s", r.out, r.err);
		sabot_run_fini(&r);
	}
}
