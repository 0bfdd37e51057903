/* SPDX-License-Identifier: MIT */
/* Who is made late, and for how long. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/model/call.h"
#include "core/sys/clock.h"
#include "core/base/banned.h"

static uint16_t row_of(const char *name)
{
	for (uint32_t i = 0; i < n_calls; i++)
		if (strcmp(call_table[i].name, name) == 0)
			return (uint16_t)i;
	cr_assert_fail("no call %s", name);
	return 0;
}

/* What is offered of an action at the call: how many, and for how long the last. */
static uint32_t offered(const char *call, uint32_t kind, uint32_t action, uint32_t rest_ms, int64_t *value)
{
	struct sweep *w =
		mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct history_event he = { .e = { .kind = EV_CALL, .call = row_of(call) } };
	struct object object = { .kind = kind };
	struct position p = { .event = &he, .object = kind ? &object : NULL };
	struct candidate like = { .rank = 1, .fault = { .trigger = TRIG_NTH, .times = 1, .n = 1 } };
	struct scenario *scenario = scenario_new();
	uint32_t n = 0;

	cr_assert_neq(w, MAP_FAILED);
	w->scenario = scenario;
	w->longest_rest_ms = rest_ms;
	text_copy(like.call, sizeof(like.call), call);
	menu_offer(w, &p, &like);
	for (uint32_t i = 0; i < w->n_candidates; i++)
		if (w->candidates[i].fault.action == action) {
			n++;
			*value = w->candidates[i].fault.value;
		}
	scenario_free(scenario);
	munmap(w, sizeof(*w));
	return n;
}

static uint32_t delays(const char *call, uint32_t kind)
{
	int64_t ns;

	return offered(call, kind, ACT_DELAY, 0, &ns);
}

/* Whoever has opened it for writing meanwhile writes to nobody. */
Test(late, whoever_closes_a_fifo)
{
	cr_expect_eq(delays("close", OBJ_FIFO), 1);
	cr_expect_eq(delays("close", OBJ_PIPE), 0);
}

/* Between the look at a flag and the wait for the signal that sets it. */
Test(late, who_waits_for_a_signal)
{
	cr_expect_eq(delays("pause", OBJ_NONE), 1);
	cr_expect_eq(delays("sigsuspend", OBJ_NONE), 1);
	cr_expect_eq(delays("sigqueue", OBJ_NONE), 0);
}

Test(queued_signals, there_may_be_too_many)
{
	int64_t error = 0;

	cr_expect_eq(offered("sigqueue", OBJ_NONE, ACT_FAIL, 0, &error), 1);
	cr_expect_eq(error, EAGAIN);
}

static uint32_t rest_of(const char *call, uint32_t ms, int64_t result)
{
	struct history_event he = { .e = { .kind = EV_CALL, .call = row_of(call), .asked = ms, .result = result,
					  .flags = EVF_TIMED } };
	struct history h = { .events = &he, .n_events = 1 };

	return longest_rest_ms(&h);
}

Test(late, a_rest_is_a_sleep_or_a_wait_in_vain)
{
	cr_expect_eq(rest_of("nanosleep", 50, 0), 50);
	cr_expect_eq(rest_of("poll", 70, 0), 70);
	cr_expect_eq(rest_of("poll", 70, 1), 0, "it was not in vain");
	cr_expect_eq(rest_of("select", 70, 0), 0, "that is a number of descriptors");
	cr_expect_eq(rest_of("read", 70, 0), 0);
}

static int64_t delay_after_rest_of(uint32_t ms)
{
	int64_t ns = 0;

	offered("pause", OBJ_NONE, ACT_DELAY, ms, &ns);
	return ns;
}

Test(late, for_longer_than_anybody_rests)
{
	cr_expect_eq(delay_after_rest_of(0), 30 * NS_PER_MS);
	cr_expect_gt(delay_after_rest_of(100), 100 * NS_PER_MS);
	cr_expect_lt(delay_after_rest_of(100), 150 * NS_PER_MS);
	cr_expect_lt(delay_after_rest_of(60000), 500 * NS_PER_MS, "half a second is no reason to give up");
}
