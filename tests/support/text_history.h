/* SPDX-License-Identifier: MIT */
/*
 * Histories as text, for tests of the checkers: a line is a property, a history, and the verdict that it must get.
 *
 *   fifo: send 1, send 2, recv 2, recv 1 => violated at 4 "overtook"
 *
 * Items are separated by commas. An event may name its process first ("server: recv 1"); else a client sends and the
 * server does everything else. Events count from 1; each comes a microsecond after the one before.
 *
 *   send N, recv N, gave-up N    from=ID to=ID len=N sum=N prio=N; by default message N from 1 to 2, 10 bytes
 *   became TEXT, exit N
 *   CALL CHANNEL RESULT          any call of the table; CHANNEL may be "-"; ERRNO for RESULT; hash=N asked=N ms=N tid=N
 *                                pid (for RESULT: the process id of a name, pid=NAME), strike=N, struck, dropped,
 *                                doubled, nonblock
 *   in CALL CHANNEL              a call that has not returned
 *   strike ACTION                target=GLOB on=CHANNEL
 *
 * What is no event:
 *
 *   channel NAME KIND FROM TO    TO may be "-"; both ends of a connection have the same name
 *   after MS                     the clock goes on
 *   technique TRAIT…             a reference implementation that promises these
 *   pattern NAME                 its workload
 *   role NAME exit N | signal NAME | stop | harness | fault | not; then: driver, service, out=N, err=N,
 *                                asan or tsan, reports
 *   stops NAME                   the scenario has a `stop:` for it
 *   expects-exit NAME N
 *   baseline NAME …              as role, of the fault-free run; varies
 *   end done | hung | timeout | spun | broken
 *   waiter NAME CALL FOR         FOR may be "-"
 *   stalls NAME                  it was stopped for good; starved
 *   starving NAME CALL FOR       as waiter, when it had to go on
 *   left KIND TEXT               socket fifo shm mq sem sysv process zombie fd file; excused
 *   lost N, blind N
 */
#ifndef TESTS_SUPPORT_TEXT_HISTORY_H
#define TESTS_SUPPORT_TEXT_HISTORY_H

#include <stddef.h>

#include "core/model/property.h"

enum { TEXT_EVENTS = 4096, TEXT_PROCS = 32, TEXT_CHANNELS = 16, TEXT_WHY = 256 };

/* A line as data. Big: allocate it. */
struct text_history {
	char property[64];
	struct history history;
	struct outcome outcome, baseline;
	struct scenario scenario;
	uint32_t traits;
	bool has_baseline;
	enum verdict_value verdict;
	char why[TEXT_WHY];			/* part of the sentence; "" any */
	uint32_t evidence[VERDICT_EVIDENCE];	/* event indexes that must be among the evidence */
	uint32_t n_evidence;
	/* room */
	struct history_event events[TEXT_EVENTS];
	struct history_proc procs[TEXT_PROCS];
	struct channel channels[TEXT_CHANNELS];
	char channel_names[TEXT_CHANNELS][32];
	char text[TEXT_EVENTS];
	uint64_t now;
};

/* Parses one line into *t, which is overwritten. NULL, or what is wrong (static text or in t->why). */
const char *text_history_parse(struct text_history *t, const char *line);
void text_history_fini(struct text_history *t);

#endif
