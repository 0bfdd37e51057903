/* SPDX-License-Identifier: MIT */
/* Histories of who cannot accept for want of descriptors. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static struct candidate shortage(int error)
{
	return (struct candidate){ .process = "server", .peer = "client", .call = "accept4", .grade = GRADE_DISRUPTIVE,
				   .of_service = true, .fault = { .action = ACT_FAIL, .value = error, .times = 1 } };
}

/* One thread's tries to accept, `n` of them, each `us` long; between two, a wait of `rest_us`. */
static struct history tries(size_t n, uint32_t us, uint32_t rest_us)
{
	static struct history_proc server = { .name = "server" };
	struct history h = { .procs = &server, .n_procs = 1, .tick_hz = 1000000 };

	h.events = mem_new(2 * n * sizeof(*h.events));
	for (size_t i = 0; i < n; i++) {
		h.events[h.n_events++].e = (struct event){ .kind = EV_CALL, .call = (uint16_t)call_find("accept4"),
							   .tid = 7, .result = -1, .error = EMFILE, .ticks = us };
		h.events[h.n_events++].e = (struct event){ .kind = EV_CALL, .call = (uint16_t)call_find("poll"),
							   .tid = 7, .result = 1, .ticks = rest_us };
	}
	return h;
}

static enum symptom judge_tries(size_t n, uint32_t us, uint32_t rest_us)
{
	struct candidate c = shortage(EMFILE);
	struct history h = tries(n, us, rest_us);
	struct trial t = { .result = RESULT_HANDLED };
	enum symptom symptom;

	cr_assert(makes_shortage(&c));
	symptom = judge_shortage(&c, &h, &t);
	free(h.events);
	return symptom;
}

Test(shortage, a_shortage_that_is_asked_about_without_a_rest_is_a_busy_loop)
{
	cr_assert_eq(judge_tries(5000, 2, 3), SYMPTOM_BUSY_LOOP);
	/* A loaded machine: few tries, and now and then the CPU is lost in the midst of one. */
	cr_assert_eq(judge_tries(200, 2, 3), SYMPTOM_BUSY_LOOP);
	cr_assert_eq(judge_tries(200, 4000, 3), SYMPTOM_BUSY_LOOP);
}

Test(shortage, a_shortage_that_is_slept_over_is_none)
{
	cr_assert_eq(judge_tries(30, 2, 1100), SYMPTOM_NONE);
	/* However long it lasts. */
	cr_assert_eq(judge_tries(500, 2, 1100), SYMPTOM_NONE);
	cr_assert_eq(judge_tries(3, 2, 10000), SYMPTOM_NONE);
}

/* The server is out of descriptors, then makes the call `later` as the process `by`. */
static bool rests(int error, const char *later, int result, uint32_t by)
{
	struct candidate c = shortage(error);
	struct history_event events[] = {
		{ .e = { .kind = EV_CALL, .call = (uint16_t)call_find("close") } },
		{ .e = { .kind = EV_CALL, .call = (uint16_t)call_find("accept4"), .result = -1,
			 .error = (int16_t)error } },
		{ .e = { .kind = EV_CALL, .call = (uint16_t)call_find(later), .result = result,
			 .error = (int16_t)(result < 0 ? error : 0) }, .proc = by },
	};
	struct history h = { .events = events, .n_events = 3 };

	return waits_for_descriptor(&c, &h);
}

Test(shortage, who_has_closed_no_descriptor_may_wait_for_one)
{
	cr_expect(rests(EMFILE, "epoll_wait", 0, 0));
	cr_expect(rests(EMFILE, "accept4", -1, 0));
	cr_expect(rests(EMFILE, "close", 0, 1), "another process gives back its own");
	cr_expect_not(rests(EMFILE, "close", 0, 0));
	cr_expect_not(rests(EMFILE, "accept4", 5, 0), "it had one");
	cr_expect_not(rests(ENFILE, "epoll_wait", 0, 0), "others close theirs");
}
