/* SPDX-License-Identifier: MIT */
/* Every mistake of the socket techniques, on every design it can be made with. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "tests/support/mutant.h"
#include "core/base/banned.h"

enum { ROWS_MOST = 256 };

#define SOCKETS "unix-stream unix-dgram unix-seqpacket socketpair tcp udp"
#define BLOCKING "iterative fork thread"
#define MULTIPLEXED "select poll epoll epoll-edge"
#define ONE_PROCESS "iterative select poll epoll epoll-edge thread"

/* A fault of the server's, or of whichever child of it serves. */
#define AT(who, call) "  - in: \"" who "\"\n    at: " call "\n"
#define ON "    on: {technique: @}\n"
#define ONCE "    always: true\n    times: 1\n"

static const struct mutant plans[] = {
	{ .mistake = "short-read",
		.side = "server",
		.workload = "{pattern: one-way, messages: 6, size: 1KiB}",
		.faults = AT("server*", "receive") ON ONCE "    do: {short: 600}\n",
		.techniques = "unix-stream tcp" },
	{ .mistake = "short-read",
		.workload = "{pattern: one-way, messages: 6, size: 1KiB}",
		.faults = AT("server", "receive") ON ONCE "    do: {short: 600}\n",
		.techniques = "socketpair" },
	{ .mistake = "short-read",
		.side = "client",
		.workload = "{pattern: fan-out, messages: 6, size: 1KiB}",
		.faults = AT("client", "receive") ON ONCE "    do: {short: 600}\n",
		.techniques = "unix-stream tcp" },
	{ .mistake = "short-write",
		.side = "client",
		.workload = "{pattern: one-way, messages: 6, size: 1KiB}",
		.faults = AT("client", "send") ON "    nth: 2\n    do: {short: half}\n",
		.techniques = "unix-stream tcp" },
	{ .mistake = "short-write",
		.side = "server",
		.workload = "{pattern: request-reply, messages: 8, window: 4, size: 1KiB}",
		.faults = AT("server*", "send") ON ONCE "    do: {short: 600}\n",
		.techniques = "unix-stream tcp" },
	{ .mistake = "short-write",
		.workload = "{pattern: one-way, messages: 6, size: 1KiB}",
		.faults = AT("server.*", "send") ON "    nth: 2\n    do: {short: half}\n",
		.techniques = "socketpair" },
	{ .mistake = "one-read-one-message",
		.side = "server",
		.workload = "{pattern: request-reply, messages: 8, window: 4}",
		.faults = AT("server*", "receive") ON
		"    nth: 1\n    do: {hold: {until: {in: client, at: send, when: after, nth: 4}}}\n",
		.techniques = "unix-stream tcp" },
	{ .mistake = "one-read-one-message",
		.workload = "{pattern: request-reply, messages: 8, window: 4}",
		.faults = AT("server", "receive") ON
		"    nth: 1\n    do: {hold: {until: {in: server.1, at: send, when: after, nth: 4}}}\n",
		.techniques = "socketpair" },
	{ .mistake = "no-eintr-retry",
		.side = "server",
		.designs = BLOCKING,
		.workload = "{pattern: echo, messages: 4}",
		.faults = AT("server*", "receive") ON "    nth: 2\n    do: interrupt\n",
		.techniques = "unix-stream unix-seqpacket tcp" },
	{ .mistake = "no-eintr-retry",
		.side = "server",
		.designs = BLOCKING,
		.workload = "{pattern: echo, messages: 4}",
		.faults = AT("server", "accept") "    nth: 1\n    do: interrupt\n",
		.techniques = "unix-stream unix-seqpacket tcp" },
	{ .mistake = "no-eintr-retry",
		.side = "server",
		.designs = MULTIPLEXED,
		.workload = "{pattern: echo, messages: 4}",
		.faults = AT("server", "wait") "    nth: 2\n    do: interrupt\n",
		.techniques = "unix-stream unix-seqpacket tcp" },
	{ .mistake = "no-eintr-retry",
		.side = "client",
		.designs = "iterative",
		.workload = "{pattern: echo, messages: 4}",
		.faults = AT("client", "receive") ON "    nth: 2\n    do: interrupt\n",
		.techniques = "unix-stream unix-seqpacket tcp" },
	{ .mistake = "no-eintr-retry",
		.workload = "{pattern: echo, messages: 4}",
		.faults = AT("server", "wait") "    nth: 2\n    do: interrupt\n",
		.techniques = "socketpair" },
	{ .mistake = "no-eintr-retry",
		.workload = "{pattern: echo, messages: 4}",
		.faults = AT("server", "receive") ON "    nth: 2\n    do: interrupt\n",
		.techniques = "udp unix-dgram" },
	{ .mistake = "ignore-eof",
		.designs = "iterative select poll epoll fork thread",
		.workload = "{pattern: echo, messages: 2}" },
	{ .mistake = "ignore-eof",
		.designs = "epoll-edge",
		.caught_by = "no-fd-leak",
		.workload = "{pattern: echo, messages: 2}" },
	{ .mistake = "no-sequence-numbers",
		.workload = "{pattern: echo, messages: 6}",
		.realism = "any",
		.faults = AT("client", "send") ON "    nth: 3\n    do: duplicate\n" },
	{ .mistake = "no-sequence-numbers",
		.caught_by = "fifo",
		.side = "server",
		.realism = "any",
		.workload = "{pattern: one-way, messages: 8, window: 4}",
		.faults = AT("client", "send") ON "    nth: 3\n    do: {reorder: 1}\n" },
	{ .mistake = "no-retransmit",
		.workload = "{pattern: echo, messages: 6}",
		.realism = "any",
		.faults = AT("client", "send") ON "    nth: 3\n    do: drop\n" },
	{ .mistake = "no-retransmit",
		.workload = "{pattern: fan-out, messages: 6}",
		.realism = "any",
		.faults = AT("server", "send") ON "    nth: 3\n    do: drop\n" },
	{ .mistake = "die-on-accept-error",
		.workload = "{pattern: echo, messages: 3}",
		.realism = "posix",
		.n_clients = 2,
		.faults = AT("server", "accept") "    nth: 1\n    do: {fail: ECONNABORTED}\n" },
	{ .mistake = "leak-fd-on-error",
		.designs = ONE_PROCESS,
		.workload = "{pattern: echo, messages: 3}",
		.n_clients = 2,
		.techniques = "unix-stream tcp",
		.faults = AT("client/2", "send") ON "    nth: 2\n    do: {short: half}\n" AT("client/2", "send") ON
		"    nth: 3\n    do: {kill: self}\n" },
	{ .mistake = "leak-fd-on-error",
		.designs = ONE_PROCESS,
		.workload = "{pattern: echo, messages: 3}",
		.n_clients = 2,
		.techniques = "unix-seqpacket",
		.faults = AT("server", "receive") "    on: {technique: @, peer: client/2}\n    nth: 2\n    do: reset\n",
		.care_expect = "  no-fd-leak: holds\n  benign:\n    clean-exit: its conversation was reset\n"
			       "    all-answered: its conversation was reset\n" },
	{ .mistake = "ignore-sigpipe-off",
		.side = "server",
		.designs = ONE_PROCESS,
		.workload = "{pattern: request-reply, messages: 4, window: 4}",
		.n_clients = 2,
		.faults = AT("server",
			"receive") "    on: {technique: @, peer: client/2}\n    nth: 1\n"
				   "    do: {hold: {until: {in: client/2, at: send, when: after, nth: 4}}}\n" AT(
					   "server", "send") "    on: {technique: @, peer: client/2}\n    nth: 1\n"
							     "    do: {kill: client/2}\n" },
	{ .mistake = "eintr-retried-on-close",
		.designs = ONE_PROCESS,
		.workload = "{pattern: echo, messages: 3}",
		.realism = "posix",
		.faults = AT("server", "close") "    on: {technique: @, peer: client}\n    nth: 1\n"
						"    do: {fail: EINTR}\n" },
	{ .mistake = "connect-retried-after-eintr",
		.designs = "iterative",
		.workload = "{pattern: echo, messages: 3}",
		.realism = "posix",
		.faults = AT("client", "connect") "    nth: 1\n    do: interrupt\n" AT(
			"client", "connect") "    nth: 2\n    do: {fail: EISCONN}\n",
		.care_faults = AT("client", "connect") "    nth: 1\n    do: interrupt\n" },
	{ .mistake = "edge-triggered-not-drained",
		.designs = "epoll-edge",
		.workload = "{pattern: echo, messages: 3, size: 1KiB}" },
	{ .mistake = "blocking-accept-after-select",
		.designs = MULTIPLEXED,
		.workload = "{pattern: echo, messages: 3}" },
	{ .mistake = "emfile-busy-loop",
		.workload = "{pattern: echo, messages: 3}",
		.faults = AT("server", "accept") "    always: true\n    times: 3\n    do: {fail: EMFILE}\n" },
	{ .mistake = "old-name-kept",
		.workload = "{pattern: echo, messages: 3}",
		.restart = true,
		.faults = AT("server", "accept") "    when: after\n    nth: 1\n    do: {kill: self}\n",
		.techniques = "unix-stream unix-seqpacket" },
	{ .mistake = "old-name-kept",
		.workload = "{pattern: echo, messages: 3}",
		.restart = true,
		.faults = AT("server", "receive") ON "    nth: 2\n    do: {kill: self}\n",
		.techniques = "unix-dgram" },
	{ .mistake = "zombie-children", .designs = "fork", .workload = "{pattern: echo, messages: 3}", .n_clients = 3 },
};
static const size_t n_plans = sizeof(plans) / sizeof(plans[0]);

ParameterizedTestParameters(sockets, mistakes_are_caught)
{
	struct mutant_row *rows = cr_malloc(ROWS_MOST * sizeof(*rows));

	return cr_make_param_array(struct mutant_row, rows, mutant_rows(plans, n_plans, rows, ROWS_MOST), NULL);
}

ParameterizedTest(struct mutant_row *row, sockets, mistakes_are_caught)
{
	mutant_run(plans, row);
}

/* A mistake that no plan brings out proves nothing. */
Test(sockets, every_mistake_has_a_plan)
{
	for (size_t i = 0; i < n_mistakes; i++)
		for (size_t k = 0; k < n_techniques; k++) {
			const struct mistake_info *m = &mistake_table[i];
			const char *technique = technique_table[k].name;

			if (words_have(m->techniques, technique) && words_have(SOCKETS, technique))
				cr_expect(mutant_planned(plans, n_plans, m, technique), "%s with %s has no plan",
					m->name, technique);
		}
}
