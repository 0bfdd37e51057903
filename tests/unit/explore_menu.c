/* SPDX-License-Identifier: MIT */
/* Which faults are tried at a position. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static struct sweep *sweep;
static struct scenario *scenario;
static uint64_t sent_before, taken, bytes;
static bool has_handler, waits, near_end;
static uint32_t rank = 1, timer_ms;
static enum grade late_grade;
static int failed;

static void setup(void)
{
	sweep = mmap(NULL, sizeof(*sweep), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(sweep, MAP_FAILED);
	scenario = scenario_new();
	sweep->scenario = scenario;
}

static void teardown(void)
{
	scenario_free(scenario);
	munmap(sweep, sizeof(*sweep));
}

TestSuite(menu, .init = setup, .fini = teardown);

/* By its plain name, or by its own. */
static uint16_t row_of(const char *plain)
{
	for (uint32_t i = 0; i < n_calls; i++)
		if (strcmp(call_table[i].plain, plain) == 0 || strcmp(call_table[i].name, plain) == 0)
			return (uint16_t)i;
	cr_assert_fail("no call %s", plain);
	return 0;
}

/* The one who moved 10 bytes of 100 on the object. */
static void offer(const char *call, const struct object *o)
{
	struct history_event he = { .e = { .kind = EV_CALL, .call = row_of(call), .asked = 100,
					  .result = failed ? -1 : 10, .error = (int16_t)failed } };
	struct position p = { .event = &he, .object = o, .sent = sent_before, .bytes = bytes,
			      .has_handler = has_handler, .waits = waits, .near_end = near_end, .taken = taken };
	struct candidate like = { .rank = rank, .fault = { .trigger = TRIG_NTH, .times = 1, .n = 1 } };

	text_copy(like.call, sizeof(like.call), call);
	menu_offer(sweep, &p, &like);
}

static uint32_t count(uint32_t action)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		n += sweep->candidates[i].fault.action == action;
	return n;
}

Test(menu, a_stream_is_cut_short)
{
	offer("recv", &(struct object){ .kind = OBJ_TCP });
	cr_assert_eq(count(ACT_SHORT), 4, "one byte, half, all but one; and byte by byte");
}

/* A terminal takes all that is written and gives what has come so far. */
Test(menu, a_terminal_is_read_in_pieces)
{
	struct object terminal = { .kind = OBJ_PTY };

	offer("read", &terminal);
	cr_assert_eq(count(ACT_SHORT), 3);
	offer("write", &terminal);
	cr_assert_eq(count(ACT_SHORT), 3);
}

/* A pipe that somebody wakes himself through is never full; one that took much may be. */
Test(menu, a_pipe_is_full_only_after_much)
{
	struct object pipe = { .kind = OBJ_PIPE };

	sent_before = 5000;
	offer("write", &pipe);
	cr_assert_eq(count(ACT_AGAIN), 0);
	sent_before = 70000;
	offer("write", &pipe);
	cr_assert_eq(count(ACT_AGAIN), 1);
}

/* Each datagram is whole, but not all of them have to go. */
Test(menu, a_batch_is_cut_short_and_a_datagram_is_not)
{
	offer("sendmsg", &(struct object){ .kind = OBJ_UNIX_DGRAM });
	cr_assert_eq(count(ACT_SHORT), 0);
	offer("sendmmsg", &(struct object){ .kind = OBJ_UNIX_DGRAM });
	cr_assert_gt(count(ACT_SHORT), 0);
}

/* A write that has room does not wait, so no signal comes in it. */
Test(menu, a_write_that_has_room_is_not_interrupted)
{
	struct object pipe = { .kind = OBJ_PIPE };

	has_handler = true;
	sent_before = 100;
	offer("write", &pipe);
	cr_assert_eq(count(ACT_INTERRUPT), 0);
	sent_before = 70000;
	offer("write", &pipe);
	cr_assert_eq(count(ACT_INTERRUPT), 2);
}

/* recv(MSG_PEEK) moves nothing and is recorded without the object. */
Test(menu, a_look_is_not_cut_short)
{
	offer("recv", NULL);
	cr_assert_eq(count(ACT_SHORT), 0);
	cr_assert_gt(sweep->n_candidates, 0);
}

Test(menu, both_sides_may_rest_once_at_each_place)
{
	offer("recv", &(struct object){ .kind = OBJ_TCP });
	offer("send", &(struct object){ .kind = OBJ_TCP });
	offer("poll", NULL);
	cr_assert_eq(count(ACT_PAUSE), 3);
	cr_assert_eq(count(ACT_DELAY), 3);
}

/* The last wait is often for the end: what is late comes at the one before. */
Test(menu, a_delay_comes_first_or_near_the_end)
{
	rank = 3;
	offer("poll", NULL);
	cr_assert_eq(count(ACT_DELAY), 0);
	near_end = true;
	offer("poll", NULL);
	cr_assert_eq(count(ACT_DELAY), 1);
}

/* A number that is in use needs no new descriptor, and one beyond the limit is EBADF. */
/* However many calls there are, a slow side must not take longer than anybody waits. */
Test(menu, who_moves_much_may_be_slow_for_a_while)
{
	uint32_t n = 0;

	offer("recv", &(struct object){ .kind = OBJ_TCP });
	cr_assert_eq(count(ACT_DELAY), 1, "once");
	bytes = 1 << 20;
	offer("recv", &(struct object){ .kind = OBJ_TCP });
	for (uint32_t i = 0; i < sweep->n_candidates; i++) {
		const struct plan_fault *f = &sweep->candidates[i].fault;

		if (f->action != ACT_DELAY || f->times == 1)
			continue;
		n++;
		cr_assert_eq(f->trigger, TRIG_NTH);
		cr_assert_leq(f->value * f->times, 1000000000, "%ld ns %u times", (long)f->value, f->times);
	}
	cr_assert_eq(n, 1, "slow for a while: %u", n);
}

Test(menu, dup2_finds_room)
{
	offer("dup2", &(struct object){ .kind = OBJ_PIPE });
	cr_assert_eq(count(ACT_FAIL), 0);
	offer("dup", &(struct object){ .kind = OBJ_PIPE });
	cr_assert_gt(count(ACT_FAIL), 0);
}

Test(menu, a_wait_may_be_woken_for_nothing)
{
	offer("epoll_wait", NULL);
	cr_assert_eq(count(ACT_AGAIN), 1);
}

static const char *pause_of(const char *call, const struct object *o)
{
	sweep->n_candidates = 0;
	offer(call, o);
	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		if (sweep->candidates[i].fault.action == ACT_PAUSE)
			return sweep->candidates[i].label;
	return "none";
}

/* EINTR without a handler comes in the calls of signal(7), where they wait; a stop anywhere else is a delay. */
Test(menu, who_is_stopped_in_a_call)
{
	struct object timed = { .kind = OBJ_TCP, .flags = OBF_RCVTIMEO }, plain = { .kind = OBJ_TCP };

	cr_assert_str_eq(pause_of("epoll_wait", NULL), "none");
	cr_assert_eq(sweep->n_skipped[REFUSED_NO_WAIT], 1);
	cr_assert_str_eq(pause_of("poll", NULL), "pause: 30ms");
	waits = true;
	cr_assert_str_eq(pause_of("epoll_wait", NULL), "pause: 30ms, EINTR without a handler");
	cr_assert_str_eq(pause_of("sigtimedwait", NULL), "pause: 30ms, EINTR without a handler");
	cr_assert_str_eq(pause_of("semtimedop", NULL), "pause: 30ms, EINTR without a handler");
	cr_assert_str_eq(pause_of("recv", &timed), "pause: 30ms, EINTR without a handler");
	cr_assert_str_eq(pause_of("recv", &plain), "pause: 30ms");
	cr_assert_str_eq(pause_of("read", &timed), "pause: 30ms, EINTR without a handler");
	cr_assert_str_eq(pause_of("__read", &timed), "none", "stdio");
	cr_assert_eq(sweep->n_skipped[REFUSED_STDIO], 1);
	cr_assert_str_eq(pause_of("send", &timed), "pause: 30ms");
	cr_assert_str_eq(pause_of("poll", NULL), "pause: 30ms");
}

/* From the place on, and not before: what is named is what was struck. */
static uint32_t count_lasting(uint32_t action)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		n += sweep->candidates[i].fault.action == action && sweep->candidates[i].fault.times != 1 &&
			sweep->candidates[i].fault.trigger == TRIG_NTH;
	return n;
}

/* Byte by byte would take for ever where there is much. */
Test(menu, what_comes_again_and_again)
{
	struct object stream = { .kind = OBJ_UNIX_STREAM }, udp = { .kind = OBJ_UDP };

	has_handler = true;
	offer("read", &stream);
	cr_assert_eq(count_lasting(ACT_SHORT), 1);
	cr_assert_eq(count_lasting(ACT_INTERRUPT), 1);
	taken = 1 << 20;
	offer("read", &stream);
	cr_assert_eq(count_lasting(ACT_SHORT), 1);
	offer("send", &udp);
	cr_assert_eq(count_lasting(ACT_DROP), 1);
	cr_assert_eq(count_lasting(ACT_SHORT), 1);
}

/* The candidates with this label. */
static uint32_t count_label(const char *label)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		n += strcmp(sweep->candidates[i].label, label) == 0;
	return n;
}

/* A shortage is over at some time or is not; who is refused for good may give up, but not run in circles. */
Test(menu, what_is_refused_once_and_for_good)
{
	offer("fork", NULL);
	cr_assert_eq(count_label("fail: EAGAIN"), 1);
	cr_assert_eq(count_label("fail: EAGAIN from now on"), 1);
	cr_assert_eq(count_label("fail: ENOMEM"), 1);
	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		cr_assert_eq(sweep->candidates[i].lasting, sweep->candidates[i].fault.times == TIMES_FOREVER);
	rank = 2;
	offer("fork", NULL);
	cr_assert_eq(count_label("fail: EAGAIN"), 2);
	cr_assert_eq(count_label("fail: EAGAIN from now on"), 1, "once at each place");
	offer("pthread_create", NULL);
	cr_assert_eq(count_label("fail: EAGAIN"), 3);
}

/* In the Unix family connect() makes the socket of the other side; over the network it makes a packet. */
Test(menu, memory_is_refused_where_the_kernel_asks_for_some)
{
	struct object local = { .kind = OBJ_UNIX_STREAM }, tcp = { .kind = OBJ_TCP }, pipe = { .kind = OBJ_PIPE },
		      mq = { .kind = OBJ_POSIX_MQ }, sysv = { .kind = OBJ_SYSV_MQ };

	offer("connect", &local);
	cr_assert_eq(count_label("fail: ENOMEM"), 1);
	cr_assert_eq(count_label("fail: ENOBUFS"), 0);
	offer("connect", &tcp);
	cr_assert_eq(count_label("fail: ENOMEM"), 1);
	cr_assert_eq(count_label("fail: ENOBUFS"), 1);
	offer("send", &local);
	cr_assert_eq(count_label("fail: ENOBUFS"), 2);
	cr_assert_eq(count_label("fail: ENOBUFS from now on"), 1);
	offer("send", &tcp);
	offer("write", &pipe);
	cr_assert_eq(count_label("fail: ENOBUFS"), 2, "TCP waits for memory, and a pipe has its own");
	offer("sendmsg", &local);
	offer("mq_send", &mq);
	offer("msgsnd", &sysv);
	cr_assert_eq(count_label("fail: ENOMEM"), 4);
}

/* More than the kernel allows of them. */
Test(menu, an_object_too_many)
{
	offer("shmget", &(struct object){ .kind = OBJ_SYSV_SHM });
	offer("semget", &(struct object){ .kind = OBJ_SYSV_SEM });
	offer("mq_open", &(struct object){ .kind = OBJ_POSIX_MQ });
	cr_assert_eq(count_label("fail: ENOSPC"), 3);
	offer("open", &(struct object){ .kind = OBJ_FIFO });
	cr_assert_eq(count_label("fail: ENOSPC"), 3);
}

/* What next to no program looks at is struck for who asks. */
Test(menu, the_last_page_of_memory_is_asked_for)
{
	static const char *const fail[] = { "fail" }, *const other[] = { "short" };
	const struct call *call = &call_table[row_of("epoll_ctl")];

	offer("epoll_ctl", NULL);
	offer("mmap", &(struct object){ .kind = OBJ_POSIX_SHM });
	cr_assert_eq(sweep->n_candidates, 0);
	cr_assert_not(may_be_refused(sweep, call));
	sweep->options.kinds = other;
	sweep->options.n_kinds = 1;
	cr_assert_not(may_be_refused(sweep, call));
	sweep->options.kinds = fail;
	cr_assert(may_be_refused(sweep, call));
	offer("epoll_ctl", NULL);
	cr_assert_eq(count_label("fail: ENOMEM"), 1);
	cr_assert_eq(count_label("fail: ENOSPC"), 1);
	offer("mmap", &(struct object){ .kind = OBJ_POSIX_SHM });
	cr_assert_eq(count_label("fail: ENOMEM"), 2);
}

/* Descriptors go over the Unix family alone. */
Test(menu, descriptors_that_come_with_a_message_are_dropped)
{
	offer("recvmsg", &(struct object){ .kind = OBJ_UNIX_STREAM });
	cr_assert_eq(count_label("fail: EMFILE"), 1);
	offer("recvmsg", &(struct object){ .kind = OBJ_UDP });
	offer("recv", &(struct object){ .kind = OBJ_UNIX_STREAM });
	cr_assert_eq(count_label("fail: EMFILE"), 1);
}

static uint32_t timed_out(const char *call, const struct object *o, const char *label)
{
	struct history_event he = {
		.e = { .kind = EV_CALL, .call = row_of(call), .asked = 1, .flags = waits ? EVF_TIMED : 0 }
	};
	struct position p = { .event = &he, .object = o, .waits = waits };
	struct candidate like = { .rank = 1, .fault = { .trigger = TRIG_NTH, .times = 1, .n = 1 } };

	sweep->n_candidates = 0;
	text_copy(like.call, sizeof(like.call), call);
	menu_offer(sweep, &p, &like);
	return count_label(label);
}

/* Who did not wait, or waits for ever, is not told that the time is over. */
Test(menu, a_wait_is_over_before_anything_comes)
{
	static const struct object sem = { .kind = OBJ_SEM }, sysv = { .kind = OBJ_SYSV_SEM },
				   mq = { .kind = OBJ_POSIX_MQ };
	static const struct {
		const char *call, *label;
		const struct object *object;
	} all[] = { { "sem_timedwait", "fail: ETIMEDOUT", &sem },
		    { "pthread_mutex_timedlock", "fail: ETIMEDOUT", &sem },
		    { "pthread_cond_timedwait", "fail: ETIMEDOUT", NULL },
		    { "pthread_cond_clockwait", "fail: ETIMEDOUT", &sem },
		    { "semtimedop", "fail: EAGAIN", &sysv }, { "mq_timedreceive", "fail: ETIMEDOUT", &mq },
		    { "mq_timedsend", "fail: ETIMEDOUT", &mq } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		waits = false;
		cr_expect_eq(timed_out(all[i].call, all[i].object, all[i].label), 0, "%s", all[i].call);
		waits = true;
		cr_expect_eq(timed_out(all[i].call, all[i].object, all[i].label), 1, "%s", all[i].call);
	}
	cr_expect_eq(timed_out("sem_wait", &sem, "fail: ETIMEDOUT"), 0);
}

static const char *advice_of(const char *call, int error)
{
	struct finding f = { .symptom = SYMPTOM_WRONG_OUTPUT };
	struct candidate c = { .fault = { .action = ACT_FAIL, .value = error }, .grade = GRADE_DISRUPTIVE };

	text_copy(c.call, sizeof(c.call), call);
	return advice(&c, &f);
}

/* Not every call that "fails" wants for something. */
Test(menu, an_advice_is_about_what_has_failed)
{
	cr_expect(strstr(advice_of("socket", ENOMEM), "want of a resource"));
	cr_expect(strstr(advice_of("sem_timedwait", ETIMEDOUT), "time may be over"));
	cr_expect(strstr(advice_of("semtimedop", EAGAIN), "time may be over"));
	cr_expect(strstr(advice_of("fork", EAGAIN), "want of a resource"));
	cr_expect(strstr(advice_of("recvmsg", EMFILE), "MSG_CTRUNC"));
	cr_expect(strstr(advice_of("accept", EMFILE), "want of a resource"));
}

static int64_t late_of(const char *call, uint32_t asked, uint8_t flags, const char *other, const struct object *o)
{
	struct history_event he = {
		.e = { .kind = EV_CALL, .call = row_of(call), .asked = asked, .result = 1, .flags = flags }
	};
	struct position p = { .event = &he, .object = o, .waits = true, .timer_ms = timer_ms };
	struct candidate like = { .rank = 1, .fault = { .trigger = TRIG_NTH, .times = 1, .n = 1 } };

	sweep->n_candidates = 0;
	text_copy(p.other, sizeof(p.other), other);
	text_copy(like.call, sizeof(like.call), call);
	menu_offer(sweep, &p, &like);
	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		if (strcmp(sweep->candidates[i].fault.target, "server*") == 0) {
			late_grade = sweep->candidates[i].grade;
			return sweep->candidates[i].fault.value / 1000000;
		}
	return 0;
}

/* Who waits for a short time, and for somebody who is known, finds nothing because he was stopped for longer. */
Test(menu, what_is_waited_for_comes_too_late)
{
	struct object timed = { .kind = OBJ_TCP, .flags = OBF_RCVTIMEO, .patience_ms = 300 },
		      patient = { .kind = OBJ_TCP, .flags = OBF_RCVTIMEO, .patience_ms = 3000 };

	cr_assert_gt(late_of("poll", 100, EVF_TIMED, "server*", NULL), 100);
	cr_expect_eq(late_grade, GRADE_TRANSPARENT, "half a second is nothing to give up for");
	cr_assert_gt(late_of("poll", 490, EVF_TIMED, "server*", NULL), 490);
	cr_expect_eq(late_grade, GRADE_DISRUPTIVE);
	cr_assert_gt(late_of("recv", 4, EVF_TIMED, "server*", &timed), 300);
	cr_assert_gt(late_of("select", 4, EVF_TIMED, "server*", NULL), 0, "for how long is not known");
	cr_assert_eq(late_of("recv", 4, EVF_TIMED, "server*", &patient), 0);
	cr_assert_eq(late_of("poll", 3000, EVF_TIMED, "server*", NULL), 0);
	cr_assert_eq(late_of("poll", UINT32_MAX, 0, "server*", NULL), 0, "it waits for ever");
	cr_assert_eq(late_of("poll", 100, EVF_TIMED, "", NULL), 0, "for whom is not known");
}

/* A timer beside the wait bounds it as a timeout does. */
Test(menu, a_timer_may_be_too_short)
{
	timer_ms = 100;
	cr_assert_gt(late_of("poll", UINT32_MAX, 0, "server*", NULL), 100);
	cr_expect_eq(late_grade, GRADE_TRANSPARENT);
	cr_assert_eq(late_of("recv", 4, 0, "server*", NULL), 0, "a timer does not end it");
	timer_ms = 3000;
	cr_assert_eq(late_of("poll", UINT32_MAX, 0, "server*", NULL), 0);
}

/* A peer has sent a piece of so many bytes, and one of 20; what is received next comes after so many. */
static bool within(int64_t piece, int64_t taken_before)
{
	const struct object end = { .kind = OBJ_UNIX_STREAM, .peer = 2 };
	struct history_event events[] = {
		{ .e = { .kind = EV_CALL, .call = row_of("send"), .object = 2, .result = piece } },
		{ .e = { .kind = EV_CALL, .call = row_of("recv"), .object = 1, .result = taken_before } },
		{ .e = { .kind = EV_CALL, .call = row_of("recv"), .object = 1, .result = 5 } },
		{ .e = { .kind = EV_CALL, .call = row_of("send"), .object = 2, .result = 20 } },
	};
	const struct history h = { .events = events, .n_events = 4 };

	return is_within_write(&h, &events[2], &end);
}

/* Nobody is killed in the midst of a small write: what has come in part comes whole. */
Test(menu, a_stream_ends_between_two_writes)
{
	struct history_event he = { .e = { .kind = EV_CALL, .call = row_of("recv"), .asked = 100, .result = 10 } };
	struct object tcp = { .kind = OBJ_TCP };
	struct position p = { .event = &he, .object = &tcp };
	struct candidate like = { .rank = 1, .fault = { .trigger = TRIG_NTH, .times = 1, .n = 1 } };

	cr_expect(within(500, 100));
	cr_expect(within(500, 510), "in the second piece");
	cr_expect_not(within(500, 500));
	cr_expect_not(within(500, 0));
	cr_expect_not(within(1 << 20, 100), "it may have been killed while it waited for room");
	text_copy(like.call, sizeof(like.call), "recv");
	menu_offer(sweep, &p, &like);
	cr_expect_eq(count(ACT_EOF), 1);
	sweep->n_candidates = 0;
	p.within = true;
	menu_offer(sweep, &p, &like);
	cr_expect_eq(count(ACT_EOF), 0);
	cr_expect_eq(count(ACT_HANGUP), 1);
}

/* Another one finds there what the first has made, and may not have finished. */
Test(menu, who_is_started_again_is_killed_where_it_makes_things)
{
	static const char *const makes[] = { "shm_open", "open", "mq_open", "close" };

	for (size_t i = 0; i < sizeof(makes) / sizeof(*makes); i++) {
		sweep->n_candidates = 0;
		scenario->roles[0].restart = false;
		offer(makes[i], NULL);
		cr_expect_eq(count(ACT_KILL), 0, "%s", makes[i]);
		scenario->roles[0].restart = true;
		offer(makes[i], NULL);
		cr_expect_eq(count(ACT_KILL), 2, "%s", makes[i]);
	}
	sweep->n_candidates = 0;
	offer("shm_unlink", NULL);
	cr_expect_eq(count(ACT_KILL), 0, "it may be on its way out already");
}

static uint32_t count_after(uint32_t action)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		n += sweep->candidates[i].fault.action == action &&
		     sweep->candidates[i].fault.where.when == WHEN_AFTER;
	return n;
}

/* Its waits end for nothing; its signals come late. Processes die at those that they share, not at a thread's own. */
Test(menu, a_condition_variable)
{
	static const char *const calls[] = { "pthread_cond_wait", "pthread_cond_timedwait", "pthread_cond_clockwait",
		"pthread_cond_signal", "pthread_cond_broadcast" };
	struct object shared = { .kind = OBJ_SEM };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		bool signals = i > 2;

		sweep->n_candidates = 0;
		offer(calls[i], NULL);
		cr_expect_eq(count(ACT_AGAIN), !signals, "%s", calls[i]);
		cr_expect_eq(count_after(ACT_DELAY), signals, "%s", calls[i]);
		cr_expect_eq(count(ACT_DELAY), 1 + signals, "%s", calls[i]);
		cr_expect_eq(count(ACT_INTERRUPT), 0, "%s", calls[i]);
		cr_expect_eq(count(ACT_KILL), 0, "%s", calls[i]);
		offer(calls[i], &shared);
		cr_expect_eq(count(ACT_KILL), 2, "%s", calls[i]);
	}
	offer("sem_wait", &shared);
	cr_expect_eq(count(ACT_AGAIN), 0, "that one blocks");
}

/* What one that has let others go on still has to do in memory, no call shows. */
Test(menu, who_has_posted_may_be_late_with_the_rest)
{
	struct object sem = { .kind = OBJ_SEM }, counter = { .kind = OBJ_EVENTFD }, stream = { .kind = OBJ_TCP };

	offer("sem_post", &sem);
	cr_expect_eq(count_after(ACT_DELAY), 1);
	offer("write", &counter);
	cr_expect_eq(count_after(ACT_DELAY), 2);
	offer("sem_wait", &sem);
	offer("write", &stream);
	cr_expect_eq(count_after(ACT_DELAY), 2, "what follows is a call, and late itself");
}

/* Nobody looks at errno after a call that has not failed. */
Test(menu, a_handler_may_run_before_errno_is_looked_at)
{
	struct object tcp = { .kind = OBJ_TCP };

	has_handler = true;
	offer("recv", &tcp);
	cr_expect_eq(count_after(ACT_INTERRUPT), 0);
	failed = EAGAIN;
	offer("recv", &tcp);
	cr_expect_eq(count_after(ACT_INTERRUPT), 1);
	has_handler = false;
	offer("recv", &tcp);
	cr_expect_eq(count_after(ACT_INTERRUPT), 1);
}

/* Its reader may not be there yet, or no longer; a file is always there. */
Test(menu, whoever_opens_a_fifo_may_be_late)
{
	offer("open", &(struct object){ .kind = OBJ_FIFO });
	cr_expect_eq(count(ACT_DELAY), 1);
	offer("open", NULL);
	offer("mkfifo", &(struct object){ .kind = OBJ_FIFO });
	cr_expect_eq(count(ACT_DELAY), 1);
}

/* What pthread_cond_wait() is made of. */
Test(menu, a_futex_wakes_for_nothing_too)
{
	offer("futex", NULL);
	cr_expect_eq(count(ACT_AGAIN), 1);
	cr_expect_eq(count(ACT_KILL), 0, "the threads of one process");
	offer("futex", &(struct object){ .kind = OBJ_SEM });
	cr_expect_gt(count(ACT_KILL), 0);
}

Test(labels, kinds)
{
	char kind[LABEL];

	label_kind("short: 12", kind, sizeof(kind));
	cr_expect_str_eq(kind, "short");
	label_kind("fail: EMFILE", kind, sizeof(kind));
	cr_expect_str_eq(kind, "fail EMFILE");
	label_kind("interrupt", kind, sizeof(kind));
	cr_expect_str_eq(kind, "interrupt");
}
