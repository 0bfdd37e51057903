/* SPDX-License-Identifier: MIT */
/* What strikes, where, and what that does: the faults of scenario files in programs that are not the reference. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/scenario_text.h"
#include "core/base/banned.h"

Test(strikes, a_fault_that_never_fires_is_vacuous)
{
	expect(PAIR("serve", "ask") "faults:\n  - {in: server, at: accept, nth: 5, do: {delay: 1ms}}\n", 1,
		"fault 1 never fired: server made");
}

Test(strikes, a_fault_that_may_miss_is_not)
{
	expect(PAIR("serve", "ask") "faults:\n  - {in: server, at: accept, nth: 5, do: {delay: 1ms}, may-miss: true}\n",
		0, NULL);
}

/* The server reads into 256 bytes, and the question has 8: half of what there is, not of what was asked for. */
Test(strikes, half_is_of_what_there_is)
{
	struct sabot_run r = run_text(
		PAIR("serve", "ask") "faults:\n  - {in: server, at: read, nth: 1, do: {short: half}}\n", "-v");

	SAYS(r.out, "struck once");
	SAYS(r.out, "read 4 of 256 B");
	sabot_run_fini(&r);
}

#define BY_NUMBER HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/by_number]\n    driver: true\n"

/* syscall(2) is a function of libc like another. */
Test(strikes, a_call_by_its_number_is_struck)
{
	struct sabot_run r;

	expect(BY_NUMBER, 0, "1 as expected");
	r = run_text(BY_NUMBER "faults:\n  - {in: main, at: read, nth: 1, do: {short: 2}}\n", "-v");
	cr_assert_eq(r.code, 1, "%s%s", r.out, r.err);
	SAYS(r.out, "read 2 of 16 B");
	SAYS(r.out, "sendmmsg 1 messages");
	SAYS(r.out, "recvfrom 8 B");
	sabot_run_fini(&r);
}

/* Before the call the object has no name yet: the one in the arguments counts. */
Test(strikes, a_path_is_known_before_the_call)
{
	static const char struck_at[] =
		PAIR("serve", "ask") "faults:\n  - %s, nth: 1, on: {path: \"%s\"}, do: {delay: 1ms}}\n";
	static const char *const calls[] = { "{in: client, at: connect", "{in: server, at: bind",
		"{in: server, at: accept", "{in: server, at: read" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		char text[2048];

		snprintf(text, sizeof(text), struck_at, calls[i], "${TMP}/s");
		expect(text, 0, "1 as expected");
		snprintf(text, sizeof(text), struck_at, calls[i], "${TMP}/other");
		expect(text, 1, "never fired");
	}
}

/* The file is no IPC, its lock is. */
Test(strikes, locks_of_files_are_struck)
{
	static const char *const calls[] = { "flock", "fcntl", "lockf" };
	char text[2048];

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		snprintf(text, sizeof(text), "%sfaults:\n  - {in: main, at: %s, nth: 1, do: {fail: ENOLCK}}\n"
					     "expect: {exit: {main: 1}}\n", DRIVER("locks, \"${TMP}/l\""), calls[i]);
		expect(text, 0, "1 as expected");
	}
}

/* Cut short by the timeout or not: what was to release it never came. */
Test(strikes, a_hold_that_is_never_released_is_vacuous)
{
	static const char held[] = PAIR("serve", "ask")
		"faults:\n  - {in: server, at: accept, nth: 1, do: {hold: {until: {in: client, at: write, nth: 9}, "
		"limit: %s}}}\ntimeout: %s\n";
	char text[2048];

	snprintf(text, sizeof(text), held, "300ms", "20s");
	expect(text, 1, "1 vacuous");
	snprintf(text, sizeof(text), held, "20s", "300ms");
	expect(text, 1, "1 vacuous");
}

/* Whoever closes a descriptor, and however, has one to give away. */
Test(strikes, the_shortage_ends_with_a_close_that_nobody_sees)
{
	expect(DRIVER("reserve") "faults:\n  - {in: main, at: eventfd, nth: 2, do: {fail: EMFILE}}\n", 0,
		"1 as expected");
}

/* Its master gives what has come so far; who sits at it gets a line. */
Test(strikes, a_terminal_gives_pieces_to_its_master_only)
{
	expect(DRIVER("terminal") "faults:\n  - {in: main, at: read, nth: 1, do: {short: 1}}\n", 0, "1 as expected");
	expect(DRIVER("terminal") "faults:\n  - {in: main.1, at: read, nth: 1, do: {short: 1}}\n", 1, "vacuous");
}

/* Memory that Linux would not let anybody cut short is not cut short. */
Test(strikes, sealed_memory_stays_whole)
{
	expect(HEADER "technique: memfd\nworkload: {pattern: echo, messages: 3}\nfaults:\n"
		      "  - {in: server, at: mmap, on: {technique: memfd}, when: after, nth: 2, do: {truncate: 0}}\n",
		1, "(F_SEAL_SHRINK)");
}

/* Level or edge, another process may have taken what there was. */
Test(strikes, epoll_wakes_up_for_nothing)
{
	struct sabot_run r = run_text(
		HEADER "technique: unix-stream\nserver: {design: epoll}\nclient: {count: 2}\n"
		       "workload: {pattern: echo, messages: 5, size: 64}\n"
		       "faults:\n  - {in: server, at: wait, nth: 3, do: again}\n", "-v");

	cr_assert_eq(r.code, 0, "%s%s", r.out, r.err);
	SAYS(r.out, "again in server at wait, struck once");
	SAYS(r.out, "epoll_pwait");
	sabot_run_fini(&r);
}

/* The first call of tests/programs/refused.c cannot be refused; the second is, and need not wait for it. */
static void refused_is(const char *calls, const char *call, const char *error)
{
	static const char text[] = HEADER
		"roles:\n  main:\n    run: [$SABOT_PROGRAMS/refused, %s, \"%d\"]\n    driver: true\n"
		"expect: {clean-exit: holds}\n"
		"faults:\n  - {in: main, at: %s, nth: %d, do: {fail: %s}}\n";
	char yaml[512];

	snprintf(yaml, sizeof(yaml), text, calls, 0, call, 1, error);
	expect(yaml, 1, "1 vacuous");
	snprintf(yaml, sizeof(yaml), text, calls, 60, call, 2, error);
	expect(yaml, 0, "1 as expected");
}

/* Whoever finds what he waits for does not time out; whoever does not need not wait so long. */
Test(strikes, a_wait_times_out_where_there_is_nothing)
{
	refused_is("semaphore", "sem_timedwait", "ETIMEDOUT");
	refused_is("mutex", "pthread_mutex_timedlock", "ETIMEDOUT");
	refused_is("sysv-semaphore", "semtimedop", "EAGAIN");
	refused_is("queue", "mq_timedreceive", "ETIMEDOUT");
}

/* The message and what else came with it are there: MSG_CTRUNC. */
Test(strikes, descriptors_find_no_room)
{
	refused_is("rights", "recvmsg", "EMFILE");
}

Test(strikes, what_makes_nothing_needs_no_memory)
{
	refused_is("watch", "epoll_ctl", "ENOMEM");
	refused_is("segment", "shmget", "ENOSPC");
}

static void thread_is_struck(const char *program)
{
	static const char text[] = HEADER
		"roles:\n  main:\n    run: [$SABOT_PROGRAMS/%s]\n    driver: true\n%s";
	char yaml[512], *path = test_program(program);

	if (access(path, X_OK) == 0) {
		snprintf(yaml, sizeof(yaml), text, program, "");
		expect(yaml, 0, "1 as expected");
		snprintf(yaml, sizeof(yaml), text, program, "expect: {clean-exit: violated}\n"
			"faults:\n  - {in: main, at: pthread_create, nth: 1, do: {fail: EAGAIN}}\n");
		expect(yaml, 0, "1 as expected");
	}
	free(path);
}

/* Whoever watches over threads has to see them made. */
Test(strikes, there_is_no_thread_to_be_had)
{
	thread_is_struck("threads");
	thread_is_struck("threads_tsan");
}

/* Not at a call further on, while another thread of it is told to stop. */
Test(strikes, a_thread_stops_at_the_very_call)
{
	expect(HEADER "roles:\n  main:\n    run: [$SABOT_PROGRAMS/halts]\n    driver: true\nrepeat: 10\n"
		"faults:\n  - {in: main, at: write, nth: 1, do: {pause: {role: self, for: 40ms}}}\n"
		"expect: {same-output: violated}\n", 0, "1 as expected");
}

#define STALL "    count: 2\nfaults:\n" \
	"  - {in: client, at: %s, nth: 1, when: after, do: {pause: {role: self, for: good}}}\n" \
	"  - {in: client/2, at: connect, nth: 1, do: {hold: {until: {in: client, at: %s, when: after}}}}\n" \
	"expect: {no-starvation: %s, no-fd-leak: {benign: the server is stopped where it is}}\n"

/* One client says nothing: the others get on, or they do when it goes on. */
Test(strikes, who_stops_for_good_stops_the_others_or_not)
{
	static const struct {
		const char *server, *verdict;
	} all[] = { { "serve", "violated" }, { "serve-each", "holds" } };
	char text[2048];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(text, sizeof(text), i ? PAIR("serve-each", "ask") STALL : PAIR("serve", "ask") STALL,
			"connect", "connect", all[i].verdict);
		expect(text, 0, "1 as expected");
	}
	snprintf(text, sizeof(text), PAIR("serve", "ask") STALL, "connect", "connect", "holds");
	expect(text, 1, "no-starvation violated (expected: holds): client/2 waits in read()");
}

/* Somebody waits with a clock of his own: then the time is over, and after that for good. */
Test(strikes, who_stops_for_good_goes_on_when_the_time_is_over)
{
	expect(PAIR("serve", "ask") "  other: {run: [sleep, \"60\"], driver: true}\ntimeout: 1s\n"
		"faults:\n  - {in: client, at: connect, nth: 1, when: after, do: {pause: {role: self, for: good}}}\n",
		1, "no-starvation violated (expected: holds): other waits in nanosleep()");
}

/* Between the call and the look at errno: what the handler leaves there is what the program sees. */
Test(strikes, a_signal_comes_just_after_a_call)
{
	static const char text[] = HEADER
		"roles:\n  main:\n    run: [$SABOT_PROGRAMS/handler, %s]\n    driver: true\n"
		"faults:\n  - {in: main, at: read, nth: 1, when: after, do: interrupt}\n";
	char yaml[512];

	snprintf(yaml, sizeof(yaml), text, "keep");
	expect(yaml, 0, "1 as expected");
	snprintf(yaml, sizeof(yaml), text, "lose");
	expect(yaml, 1, "No child processes");
}

/* Without the fault it gives something else, unless the time is over anyway. */
static void futex_gives(const char *fault, int value, int result, int code, const char *says)
{
	static const char text[] = HEADER
		"roles:\n  main:\n    run: [$SABOT_PROGRAMS/futex, \"%d\", \"%d\"]\n    driver: true\n"
		"expect: {clean-exit: holds%s}\n%s";
	char yaml[512];

	snprintf(yaml, sizeof(yaml), text, value, result,
		code || result == ETIMEDOUT || !*fault ? "" : ", same-output: violated", fault);
	expect(yaml, code, says);
}

/* Only who would wait is woken, interrupted, or out of time; a wake is no wait. */
Test(strikes, a_futex_is_a_wait_of_the_programs_own_making)
{
	static const char again[] = "faults:\n  - {in: main, at: futex, nth: 1, do: again}\n",
			  interrupt[] = "faults:\n  - {in: main, at: futex, nth: 1, do: interrupt}\n",
			  timeout[] = "faults:\n  - {in: main, at: futex, nth: 1, do: {fail: ETIMEDOUT}}\n";

	futex_gives("", 0, ETIMEDOUT, 0, "1 as expected");
	futex_gives(again, 0, 0, 0, "1 as expected");
	futex_gives(interrupt, 0, EINTR, 0, "1 as expected");
	futex_gives(timeout, 0, ETIMEDOUT, 0, "1 as expected");
	futex_gives("", 1, EAGAIN, 0, "1 as expected");
	futex_gives(again, 1, EAGAIN, 1, "vacuous");
	futex_gives(interrupt, 1, EAGAIN, 1, "vacuous");
	futex_gives(timeout, 1, EAGAIN, 1, "vacuous");
}
