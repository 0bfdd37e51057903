/* SPDX-License-Identifier: MIT */
/* Every mistake of the techniques without sockets, on every design it can be made with. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "tests/support/mutant.h"
#include "core/base/banned.h"

enum { ROWS_MOST = 256 };

#define LOCAL "pipe fifo posix-mq sysv-mq posix-shm sysv-shm memfd signal rt-signal eventfd"
#define ECHO "{pattern: echo, messages: 4}"
#define SLOW "{pattern: slow-reader, messages: 40, size: 1KiB}"

#define AT(who, call) "  - in: \"" who "\"\n    at: " call "\n"
#define FIRST "    nth: 1\n"
#define SECOND "    nth: 2\n"
#define AFTER "    when: after\n"
#define INTERRUPT(who, call) AT(who, call) SECOND "    do: interrupt\n"
/* Longer than anybody sleeps without a look (100 ms), so that the other side certainly comes by meanwhile. */
#define DELAY "    do: {delay: 250ms}\n"
#define CUT "    do: {truncate: 0}\n"
#define KILL "    do: {kill: self}\n"
#define HOLD(until) "    do: {hold: {until: {" until "}}}\n"

static const struct mutant plans[] = {
	/* EINTR in whatever each of them waits in */
	{ .mistake = "no-eintr-retry", .techniques = "pipe", .workload = ECHO, .faults = INTERRUPT("server", "read") },
	{ .mistake = "no-eintr-retry", .techniques = "pipe", .workload = ECHO, .n_clients = 2,
		.faults = INTERRUPT("server", "poll") },
	{ .mistake = "no-eintr-retry", .techniques = "eventfd", .workload = ECHO,
		.faults = INTERRUPT("server", "read") },
	{ .mistake = "no-eintr-retry", .techniques = "signal rt-signal", .workload = ECHO,
		.faults = INTERRUPT("server", "sigtimedwait") },
	{ .mistake = "no-eintr-retry", .techniques = "fifo", .side = "client", .workload = ECHO,
		.faults = INTERRUPT("client", "read") },
	{ .mistake = "no-eintr-retry", .techniques = "memfd", .side = "client", .workload = ECHO,
		.faults = INTERRUPT("client", "poll") },
	{ .mistake = "no-eintr-retry", .techniques = "fifo", .side = "server", .workload = ECHO,
		.faults = INTERRUPT("server", "read") },
	{ .mistake = "no-eintr-retry", .techniques = "memfd", .side = "server", .workload = ECHO,
		.faults = INTERRUPT("server", "poll") },
	{ .mistake = "no-eintr-retry", .techniques = "posix-mq", .side = "client", .workload = ECHO,
		.faults = INTERRUPT("client", "mq_timedreceive") },
	{ .mistake = "no-eintr-retry", .techniques = "posix-mq", .side = "server", .workload = ECHO,
		.faults = INTERRUPT("server", "mq_receive") },
	{ .mistake = "no-eintr-retry", .techniques = "sysv-mq", .side = "client", .workload = ECHO,
		.faults = INTERRUPT("client", "msgrcv") },
	{ .mistake = "no-eintr-retry", .techniques = "posix-shm", .designs = "semaphore", .side = "client",
		.workload = ECHO, .faults = INTERRUPT("client", "sem_wait") },
	{ .mistake = "no-eintr-retry", .techniques = "sysv-shm", .side = "client", .workload = ECHO,
		.faults = INTERRUPT("client", "semop") },
	/* pipes and FIFOs */
	{ .mistake = "short-read", .techniques = "pipe", .workload = "{pattern: one-way, messages: 6, size: 1KiB}",
		.faults = AT("server", "read") "    on: {technique: @}\n" FIRST "    do: {short: 600}\n" },
	{ .mistake = "short-write", .techniques = "pipe", .workload = "{pattern: one-way, messages: 6, size: 20000}",
		.faults = AT("server.*", "write") "    on: {technique: @}\n" SECOND "    do: {short: half}\n" },
	{ .mistake = "one-read-one-message", .techniques = "pipe",
		.workload = "{pattern: request-reply, messages: 8, window: 4}",
		.faults = AT("server", "read") "    on: {technique: @}\n" FIRST
			HOLD("in: server.1, at: write, when: after, nth: 4") },
	{ .mistake = "write-end-inherited", .workload = ECHO, .n_clients = 2 },
	{ .mistake = "fifo-reader-first", .workload = ECHO },
	{ .mistake = "fifo-reopen-at-eof", .workload = ECHO, .n_clients = 2,
		.faults = AT("client/2", "mkfifo") FIRST HOLD("in: server, at: close, nth: 2, when: before")
			AT("server", "close") SECOND HOLD("in: client/2, at: open, nth: 3, when: after")
			AT("client/2", "write") "    on: {technique: @}\n" FIRST
			HOLD("in: server, at: close, nth: 2, when: after")
			AT("server", "open") "    nth: 4\n" HOLD("in: client/2, at: write, nth: 1, when: after"),
		.care_faults = AT("client/2", "mkfifo") FIRST HOLD("in: server, at: close, nth: 1, when: after") },
	{ .mistake = "big-write-assumed-atomic", .workload = "{pattern: slow-reader, messages: 20, size: 20000}",
		.n_clients = 2 },
	/* queues */
	{ .mistake = "mq-full-as-sent", .techniques = "posix-mq sysv-mq", .side = "client", .workload = SLOW },
	{ .mistake = "mq-full-as-sent", .techniques = "rt-signal", .workload = "{pattern: one-way, messages: 10}",
		.faults = AT("server.*", "sigqueue") "    nth: 3\n    do: {fail: EAGAIN}\n" },
	{ .mistake = "priority-as-arrival-order", .workload = "{pattern: slow-reader, messages: 30, size: 1..4096}" },
	/* The second client does not take its answers, and they are the first in the queue. */
	{ .mistake = "wrong-mtype", .workload = "{pattern: request-reply, messages: 8, window: 4}", .n_clients = 2,
		.faults = AT("client", "msgsnd") FIRST HOLD("in: server, at: msgsnd, when: after, nth: 4")
			AT("client/2", "msgrcv") FIRST HOLD("in: client, at: msgrcv, when: after") },
	/* shared memory */
	{ .mistake = "non-robust-mutex", .designs = "mutex", .workload = ECHO, .n_clients = 2,
		.faults = AT("client", "pthread_mutex_clocklock") FIRST
			HOLD("in: client/2, at: pthread_mutex_clocklock, when: after")
			AT("client/2", "pthread_mutex_clocklock") AFTER FIRST KILL },
	{ .mistake = "lost-wakeup", .designs = "mutex ring",
		.workload = "{pattern: request-reply, messages: 1000, window: 4}" },
	{ .mistake = "torn-record", .techniques = "posix-shm", .designs = "semaphore", .workload = ECHO,
		.faults = AT("client", "sem_post") AFTER FIRST DELAY },
	{ .mistake = "torn-record", .techniques = "posix-shm", .designs = "mutex", .workload = ECHO,
		.faults = AT("client", "pthread_mutex_unlock") AFTER FIRST DELAY },
	{ .mistake = "torn-record", .techniques = "sysv-shm", .workload = ECHO,
		.faults = AT("client", "semop") AFTER SECOND DELAY },
	{ .mistake = "sem-left-taken", .techniques = "posix-shm", .designs = "semaphore", .workload = ECHO,
		.n_clients = 2,
		.faults = AT("client", "sem_wait") FIRST HOLD("in: client/2, at: sem_post, when: after")
			AT("client/2", "sem_post") AFTER FIRST KILL },
	{ .mistake = "sem-left-taken", .techniques = "sysv-shm", .workload = ECHO, .n_clients = 2,
		.faults = AT("client", "semop") FIRST HOLD("in: client/2, at: semop, when: after")
			AT("client/2", "semop") AFTER FIRST KILL },
	{ .mistake = "size-trusted", .techniques = "posix-shm", .workload = ECHO,
		.n_clients = 2,
		.faults = AT("client", "mmap") "    on: {technique: @}\n" AFTER FIRST CUT
			AT("client/2", "shm_open") FIRST DELAY,
		.care_expect = "  exit: {server: 1, client: 1}\n" },
	{ .mistake = "size-trusted", .techniques = "posix-shm", .designs = "semaphore", .workload = ECHO,
		.faults = AT("server", "sem_post") FIRST CUT, .care_expect = "  exit: {server: 1, client: 1}\n"
			"  benign: {no-loss: the segment was cut short, all-answered: the same}\n" },
	/* Sealed memory cannot be cut short: the fault is refused. */
	{ .mistake = "size-trusted", .techniques = "memfd", .workload = ECHO,
		.faults = AT("server", "mmap") "    on: {technique: @}\n" AFTER SECOND CUT,
		.care_faults = AT("server", "mmap") "    on: {technique: @}\n    may-miss: true\n" AFTER SECOND CUT },
	{ .mistake = "scm-rights-leak", .workload = ECHO, .n_clients = 2,
		.faults = AT("server", "recvmsg") SECOND "    do: {short: 4}\n" },
	/* signals and events */
	{ .mistake = "signals-counted", .workload = "{pattern: one-way, messages: 50}" },
	{ .mistake = "handler-not-async-safe", .workload = "{pattern: one-way, messages: 5}",
		.faults = AT("server", "kill") AFTER FIRST "    may-miss: true\n" DELAY },
	{ .mistake = "counter-read-as-one", .workload = "{pattern: one-way, messages: 50}" },
};
static const size_t n_plans = sizeof(plans) / sizeof(plans[0]);

ParameterizedTestParameters(local, mistakes_are_caught)
{
	struct mutant_row *rows = cr_malloc(ROWS_MOST * sizeof(*rows));

	return cr_make_param_array(struct mutant_row, rows, mutant_rows(plans, n_plans, rows, ROWS_MOST), NULL);
}

ParameterizedTest(struct mutant_row *row, local, mistakes_are_caught)
{
	mutant_run(plans, row);
}

/* A mistake that no plan brings out proves nothing. */
Test(local, every_mistake_has_a_plan)
{
	for (size_t i = 0; i < n_mistakes; i++)
		for (size_t k = 0; k < n_techniques; k++) {
			const struct mistake_info *m = &mistake_table[i];
			const char *technique = technique_table[k].name;

			if (words_have(m->techniques, technique) && words_have(LOCAL, technique))
				cr_expect(mutant_planned(plans, n_plans, m, technique), "%s with %s has no plan",
					m->name, technique);
		}
}
