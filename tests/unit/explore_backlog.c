/* SPDX-License-Identifier: MIT */
/* Who sends into a message queue, and what he knows of what lies there. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "core/explore/internal.h"
#include "core/model/call.h"
#include "core/base/banned.h"

enum { REQUESTS = 1, ANSWERS, OURS, THEIRS, EVENTS_MOST = 16 };

static struct arena *arena;
static struct history_event events[EVENTS_MOST];
static struct history history;
static bool all_taken[EVENTS_MOST];

static void setup(void)
{
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(arena, MAP_FAILED);
	arena->objects[REQUESTS - 1].kind = OBJ_POSIX_MQ;
	arena->objects[ANSWERS - 1].kind = OBJ_POSIX_MQ;
	arena->objects[OURS - 1] = (struct object){ .kind = OBJ_UNIX_STREAM, .peer = THEIRS };
	arena->objects[THEIRS - 1] = (struct object){ .kind = OBJ_UNIX_STREAM, .peer = OURS };
	history = (struct history){ .events = events };
}

static void teardown(void)
{
	munmap(arena, sizeof(*arena));
}

TestSuite(backlog, .init = setup, .fini = teardown);

static uint16_t row_of(const char *name)
{
	for (uint32_t i = 0; i < n_calls; i++)
		if (strcmp(call_table[i].name, name) == 0)
			return (uint16_t)i;
	cr_assert_fail("no call %s", name);
	return 0;
}

/* A thread of a process does it; returns the event's index. */
static size_t happens(uint32_t proc, uint32_t tid, const char *call, uint32_t object)
{
	struct history_event *he = &events[history.n_events];

	*he = (struct history_event){ .proc = proc,
		.e = { .kind = EV_CALL, .call = row_of(call), .object = object, .tid = tid, .result = 1 } };
	return history.n_events++;
}

Test(backlog, an_answer_tells_that_the_request_was_taken)
{
	size_t first, second, answer;

	first = happens(0, 10, "mq_send", REQUESTS);
	happens(1, 20, "mq_receive", REQUESTS);
	happens(1, 20, "mq_send", ANSWERS);
	happens(0, 10, "mq_receive", ANSWERS);
	second = happens(0, 10, "mq_send", REQUESTS);
	happens(1, 20, "mq_receive", REQUESTS);
	answer = happens(1, 20, "mq_send", ANSWERS);
	backlog_learn(&history, arena, all_taken);
	cr_expect(all_taken[first]);
	cr_expect(all_taken[second]);
	cr_expect(all_taken[answer], "the second request says that the first answer has come");
}

Test(backlog, an_answer_may_come_over_a_connection)
{
	size_t second;

	happens(0, 10, "mq_send", REQUESTS);
	happens(1, 20, "mq_receive", REQUESTS);
	happens(1, 20, "write", THEIRS);
	happens(0, 10, "read", OURS);
	second = happens(0, 10, "mq_send", REQUESTS);
	backlog_learn(&history, arena, all_taken);
	cr_expect(all_taken[second]);
}

/* That it was taken in time was luck. */
Test(backlog, who_hears_nothing_knows_nothing)
{
	size_t second;

	happens(0, 10, "mq_send", REQUESTS);
	happens(1, 20, "mq_receive", REQUESTS);
	second = happens(0, 10, "mq_send", REQUESTS);
	backlog_learn(&history, arena, all_taken);
	cr_expect_not(all_taken[second]);
}

Test(backlog, what_one_thread_takes_the_other_does_not_know)
{
	size_t second;

	happens(0, 10, "mq_send", REQUESTS);
	happens(0, 11, "mq_receive", REQUESTS);
	second = happens(0, 10, "mq_send", REQUESTS);
	backlog_learn(&history, arena, all_taken);
	cr_expect_not(all_taken[second]);
}

Test(backlog, one_answer_of_two_is_not_enough)
{
	size_t third;

	happens(0, 10, "mq_send", REQUESTS);
	happens(0, 10, "mq_send", REQUESTS);
	happens(1, 20, "mq_receive", REQUESTS);
	happens(1, 20, "mq_send", ANSWERS);
	happens(0, 10, "mq_receive", ANSWERS);
	third = happens(0, 10, "mq_send", REQUESTS);
	backlog_learn(&history, arena, all_taken);
	cr_expect_not(all_taken[third]);
}
