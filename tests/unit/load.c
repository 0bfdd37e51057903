/* SPDX-License-Identifier: MIT */
/* Every key of the format, as it ends in the scenario. */
#include "tests/unit/load_text.h"

#include <errno.h>
#include <signal.h>

#include "core/model/call.h"
#include "core/base/banned.h"

static bool selects(const struct call_set *set, const char *call)
{
	return call_set_has(set, (uint32_t)call_find(call));
}

Test(load, defaults)
{
	struct loaded l = text_load_valid(HEAD "technique: unix-stream\n");
	const struct scenario *s = l.list.items[0];

	cr_expect_eq(s->timeout_ns, 5000000000);
	cr_expect_eq(s->seed, 1);
	cr_expect_eq(s->repeat, 1);
	cr_expect_eq(s->realism, REALISM_LINUX);
	cr_expect_eq(s->reference.n_clients, 1);
	cr_expect_null(s->unavailable);
	cr_expect_eq(s->n_faults, 0);
	cr_expect_eq(s->n_expects, 0);
	loaded_fini(&l);
}

Test(load, title_is_optional)
{
	struct loaded l = text_load_valid("sabot: 1\ntechnique: unix-stream\n");

	cr_expect_null(l.list.items[0]->title);
	loaded_fini(&l);
}

Test(load, head)
{
	struct loaded l = text_load_valid(
		"sabot: 1\ntitle: One\nabout: |\n  two\n  ${lines}\nclaim: {text: says, source: book}\n"
		"tags: [lesson, stream]\ntechnique: unix-stream\ntimeout: 1.5s\nseed: 7\nrepeat: 3\nrealism: any\n");
	const struct scenario *s = l.list.items[0];

	cr_expect_str_eq(s->title, "One");
	cr_expect_str_eq(s->about, "two\n${lines}\n");
	cr_expect_str_eq(s->claim_text, "says");
	cr_expect_str_eq(s->claim_source, "book");
	cr_assert_eq(s->n_tags, 2);
	cr_expect_str_eq(s->tags[1], "stream");
	cr_expect_eq(s->timeout_ns, 1500000000);
	cr_expect_eq(s->seed, 7);
	cr_expect_eq(s->repeat, 3);
	cr_expect_eq(s->realism, REALISM_ANY);
	loaded_fini(&l);
}

/* The value after an option in argv, or "". */
static const char *option_of(char *const *argv, const char *name)
{
	for (; *argv; argv++)
		if (strcmp(*argv, name) == 0)
			return argv[1] ? argv[1] : "";
	return "";
}

Test(load, reference_becomes_roles)
{
	struct loaded l = text_load_valid(
		HEAD "technique: unix-stream\nseed: 9\nserver: {design: select, mistakes: [short-read]}\n"
		     "client: {count: 2}\nworkload: {pattern: echo, messages: 100, size: 64..4KiB, window: 8}\n");
	const struct scenario *s = l.list.items[0];
	const struct role *server = &s->roles[0], *client = &s->roles[1];

	cr_assert_eq(s->n_roles, 2);
	cr_expect_str_eq(server->name, "server");
	cr_expect_str_eq(server->run[0], "/usr/bin/sabot-ref");
	cr_expect_str_eq(server->run[1], "unix-stream");
	cr_expect_str_eq(server->run[2], "server");
	cr_expect_str_eq(option_of(server->run, "--dir"), "${TMP}");
	cr_expect_str_eq(option_of(server->run, "--design"), "select");
	cr_expect_str_eq(option_of(server->run, "--mistakes"), "short-read");
	cr_expect_str_eq(option_of(server->run, "--size"), "64..4096");
	cr_expect_str_eq(option_of(server->run, "--clients"), "2");
	cr_expect_str_eq(option_of(server->run, "--seed"), "9");
	cr_expect_eq(server->ready, READY_BY_OUTPUT);
	cr_expect_eq(server->stop, SIGTERM);
	cr_expect_not(server->driver);
	cr_expect_str_eq(client->name, "client");
	cr_expect_str_eq(client->run[2], "client");
	cr_expect_str_eq(option_of(client->run, "--messages"), "100");
	cr_expect_str_eq(option_of(client->run, "--window"), "8");
	cr_expect_str_eq(option_of(client->run, "--design"), "");
	cr_expect_str_eq(option_of(client->run, "--mistakes"), "");
	cr_expect_eq(client->count, 2);
	cr_expect(client->driver);
	cr_expect_str_eq(client->after, "server");
	loaded_fini(&l);
}

Test(load, children_of_the_server)
{
	struct loaded l = text_load_valid(HEAD "technique: pipe\nclient: {count: 3}\n"
					       "faults:\n  - {in: server.1, at: receive, do: interrupt}\n");
	const struct scenario *s = l.list.items[0];

	cr_assert_eq(s->n_roles, 1);
	cr_expect(s->roles[0].driver);
	cr_expect_eq(s->roles[0].stop, 0);
	cr_expect_str_eq(option_of(s->roles[0].run, "--clients"), "3");
	loaded_fini(&l);
	text_load_refused(HEAD "technique: pipe\nfaults:\n  - {in: client, at: receive, do: interrupt}\n", "server.1");
}

Test(load, role)
{
	struct loaded l = text_load_valid(HEAD
		"roles:\n  server:\n    run: [./server, \"${TMP}/sock\", 10, true]\n"
		"    ready: {output: \"^ready\"}\n    stop: SIGINT\n    env: {A: b, EMPTY: , N: 3}\n"
		"    limits: {nofile: 32, as: 1GiB}\n    input: hello\n    directory: sub\n"
		"  client:\n    run: [./client]\n    driver: true\n    count: 3\n    after: server\n    ready: {path: "
		"\"${TMP}/x\"}\n"
		"  other: {run: [./other], ready: listen}\n  last: {run: [./last], ready: started, directory: /tmp}\n");
	const struct scenario *s = l.list.items[0];
	const struct role *r = s->roles;

	cr_assert_eq(s->n_roles, 4);
	cr_expect_str_eq(r[0].run[1], "${TMP}/sock");
	cr_expect_str_eq(r[0].run[2], "10");
	cr_expect_str_eq(r[0].run[3], "true");
	cr_expect_null(r[0].run[4]);
	cr_expect_eq(r[0].ready, READY_BY_OUTPUT);
	cr_expect_str_eq(r[0].ready_text, "^ready");
	cr_expect_eq(r[0].stop, SIGINT);
	cr_expect_str_eq(r[0].env[0], "A=b");
	cr_expect_str_eq(r[0].env[1], "EMPTY=");
	cr_expect_str_eq(r[0].env[2], "N=3");
	cr_expect_null(r[0].env[3]);
	cr_expect_eq(r[0].limits.nofile, 32);
	cr_expect_eq(r[0].limits.as, 1 << 30);
	cr_expect_eq(r[0].limits.stack, -1);
	cr_expect_str_eq(r[0].input, "hello");
	cr_expect_eq(r[0].directory[0], '/');
	cr_expect_eq(r[1].ready, READY_BY_PATH);
	cr_expect_eq(r[1].count, 3);
	cr_expect(r[1].driver);
	cr_expect_eq(r[2].ready, READY_BY_LISTEN);
	cr_expect_not(r[2].driver, "somebody else is a driver");
	cr_expect_eq(r[3].ready, READY_BY_START);
	cr_expect_str_eq(r[3].directory, "/tmp");
	loaded_fini(&l);
}

Test(load, whoever_is_no_service_drives)
{
	struct loaded l = text_load_valid(ROLES);
	const struct role *r = l.list.items[0]->roles;

	cr_expect_not(r[0].driver);
	cr_expect(r[1].driver);
	cr_expect_eq(r[0].ready, READY_BY_DEFAULT);
	loaded_fini(&l);
}

Test(load, fault)
{
	struct loaded l = text_load_valid(ROLES "faults:\n"
						"  - in: server*\n    at: receive\n    on: {technique: unix-stream, "
						"peer: client/2, fd: 5, path: \"*.sock\", object: 3}\n"
						"    when: before\n    nth: 2\n    times: 4\n    armed-by: {in: "
						"client, at: connect, when: after, nth: 3}\n"
						"    do: {short: 3}\n    may-miss: true\n");
	const struct plan_fault *f = &l.list.items[0]->faults[0];

	cr_assert_eq(l.list.items[0]->n_faults, 1);
	cr_expect_str_eq(f->where.in, "server*");
	cr_expect(selects(&f->where.at, "recvmsg") && selects(&f->where.at, "read"));
	cr_expect_not(selects(&f->where.at, "write"));
	cr_expect_eq(f->kinds, (uint64_t)1 << OBJ_UNIX_STREAM);
	cr_expect_str_eq(f->peer, "client/2");
	cr_expect_str_eq(f->path, "*.sock");
	cr_expect_eq(f->fd, 5);
	cr_expect_eq(f->ordinal, 3);
	cr_expect_eq(f->trigger, TRIG_NTH);
	cr_expect_eq(f->n, 2);
	cr_expect_eq(f->times, 4);
	cr_expect(f->has_armed_by);
	cr_expect_str_eq(f->armed_by.in, "client");
	cr_expect_eq(f->armed_by.when, WHEN_AFTER);
	cr_expect_eq(f->armed_by.nth, 3);
	cr_expect(selects(&f->armed_by.at, "connect"));
	cr_expect_eq(f->action, ACT_SHORT);
	cr_expect_eq(f->value, 3);
	cr_expect(f->may_miss);
	cr_expect_eq(f->line, 7);
	cr_expect_str_eq(l.list.items[0]->fault_texts[0], "short: 3");
	loaded_fini(&l);
}

Test(load, an_exact_call_has_its_twins)
{
	struct loaded l = text_load_valid(ROLES "faults:\n  - {in: server, at: read, do: interrupt}\n");
	const struct call_set *at = &l.list.items[0]->faults[0].where.at;

	cr_expect(selects(at, "read") && selects(at, "__read_chk"));
	cr_expect_not(selects(at, "recv"));
	loaded_fini(&l);
}

Test(load, triggers)
{
	struct loaded l =
		text_load_valid(ROLES "faults:\n"
				      "  - {in: server, at: receive, do: interrupt}\n"
				      "  - {in: server, at: receive, every: 3, do: interrupt}\n"
				      "  - {in: server, at: receive, chance: 0.25, do: interrupt}\n"
				      "  - {in: server, at: receive, always: true, do: interrupt}\n"
				      "  - {in: server, at: receive, nth: 5, times: forever, do: interrupt}\n");
	const struct plan_fault *f = l.list.items[0]->faults;

	cr_expect(f[0].trigger == TRIG_NTH && f[0].n == 1 && f[0].times == 1);
	cr_expect(f[1].trigger == TRIG_EVERY && f[1].n == 3 && f[1].times == TIMES_FOREVER);
	cr_expect(f[2].trigger == TRIG_CHANCE && f[2].chance == 0.25 && f[2].times == TIMES_FOREVER);
	cr_expect(f[3].trigger == TRIG_ALWAYS && f[3].times == TIMES_FOREVER);
	cr_expect(f[4].trigger == TRIG_NTH && f[4].n == 5 && f[4].times == TIMES_FOREVER);
	loaded_fini(&l);
}

struct action_case {
	const char *text;
	uint32_t action;
	int64_t value;
	const char *target;
};

Test(load, actions)
{
	static const struct action_case cases[] = {
		{ "interrupt", ACT_INTERRUPT, 0, "" },
		{ "{interrupt: }", ACT_INTERRUPT, 0, "" },
		{ "{short: 3}", ACT_SHORT, 3, "" },
		{ "{short: half}", ACT_SHORT, SHORT_HALF, "" },
		{ "{delay: 20ms}", ACT_DELAY, 20000000, "" },
		{ "again", ACT_AGAIN, 0, "" },
		{ "{pause: {role: client, for: 20ms}}", ACT_PAUSE, 20000000, "client" },
		{ "{pause: {role: client, for: good}}", ACT_PAUSE, PAUSE_FOR_GOOD, "client" },
		{ "drop", ACT_DROP, 0, "" },
		{ "duplicate", ACT_DUPLICATE, 0, "" },
		{ "{reorder: 2}", ACT_REORDER, 2, "" },
		{ "{corrupt: {byte: 7}}", ACT_CORRUPT, 7, "" },
		{ "{truncate: 0}", ACT_TRUNCATE, 0, "" },
		{ "{fail: EPIPE}", ACT_FAIL, EPIPE, "" },
		{ "{kill: self}", ACT_KILL, 0, "self" },
		{ "{kill: client/2}", ACT_KILL, 0, "client/2" },
		{ "reset", ACT_RESET, 0, "" },
		{ "hangup", ACT_HANGUP, 0, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = mem_printf(ROLES "faults:\n  - {in: server, at: send, do: %s}\n", cases[i].text);
		struct loaded l = text_load_valid(text);
		const struct plan_fault *f = &l.list.items[0]->faults[0];

		cr_expect_eq(f->action, cases[i].action, "%s", cases[i].text);
		cr_expect_eq(f->value, cases[i].value, "%s", cases[i].text);
		cr_expect_str_eq(f->target, cases[i].target, "%s", cases[i].text);
		loaded_fini(&l);
		free(text);
	}
}

Test(load, hold)
{
	struct loaded l = text_load_valid(
		ROLES "faults:\n  - in: server\n    at: accept\n"
		      "    do: {hold: {until: {in: client, at: connect, when: after, nth: 2}, limit: 1s}}\n"
		      "  - {in: server, at: receive, do: eof}\n");
	const struct plan_fault *f = l.list.items[0]->faults;

	cr_expect_eq(f[0].action, ACT_HOLD);
	cr_expect(f[0].has_until);
	cr_expect_str_eq(f[0].until.in, "client");
	cr_expect_eq(f[0].until.nth, 2);
	cr_expect_eq(f[0].until.when, WHEN_AFTER);
	cr_expect_eq(f[0].limit_ns, 1000000000);
	cr_expect_eq(f[1].action, ACT_EOF);
	cr_expect_eq(f[1].limit_ns, 5000000000);
	loaded_fini(&l);
}

Test(load, a_failure_point_of_the_program)
{
	struct loaded l = text_load_valid(ROLES "faults:\n  - {in: server, at: {point: db/commit}, do: {fail: EIO}}\n"
						"  - {in: server, point: db/open, do: {delay: 1ms}}\n");
	const struct plan_fault *f = l.list.items[0]->faults;

	cr_expect_str_eq(f[0].point, "db/commit");
	cr_expect_str_eq(f[1].point, "db/open");
	loaded_fini(&l);
}

Test(load, any_errno_under_realism_any)
{
	struct loaded l =
		text_load_valid(ROLES "realism: any\nfaults:\n  - {in: server, at: accept, do: {fail: EPIPE}}\n");

	cr_expect_eq(l.list.items[0]->faults[0].value, EPIPE);
	cr_expect_eq(l.list.items[0]->faults[0].realism, REALISM_ANY);
	loaded_fini(&l);
}

Test(load, children_are_known_by_their_forebear)
{
	struct loaded l = text_load_valid(ROLES "faults:\n  - {in: server.1.2, at: receive, do: interrupt}\n"
						"  - {in: \"client/2.*\", at: receive, do: interrupt}\n");

	cr_expect_str_eq(l.list.items[0]->faults[0].where.in, "server.1.2");
	loaded_fini(&l);
}

Test(load, expect)
{
	struct loaded l =
		text_load_valid(ROLES "expect:\n  no-loss: violated\n  fifo: {verdict: n/a, benign: datagrams}\n"
				      "  exit: {client: 3, client/2: 0}\n  benign: {no-hang: known}\n");
	const struct scenario *s = l.list.items[0];
	const struct expect *e = s->expects;

	cr_assert_eq(s->n_expects, 5);
	cr_expect_str_eq(e[0].property, "no-loss");
	cr_expect_eq(e[0].verdict, VERDICT_VIOLATED);
	cr_expect_eq(e[1].verdict, VERDICT_NOT_APPLICABLE);
	cr_expect_str_eq(e[1].benign, "datagrams");
	cr_expect_str_eq(e[2].property, "exit");
	cr_expect_str_eq(e[2].exit_role, "client");
	cr_expect_eq(e[2].exit_code, 3);
	cr_expect_str_eq(e[3].exit_role, "client/2");
	cr_expect_str_eq(e[4].property, "no-hang");
	cr_expect_str_eq(e[4].benign, "known");
	loaded_fini(&l);
}

Test(load, what_is_for_later_is_said)
{
	static const char *const texts[] = {
		ROLES "under: memcheck\n",
		ROLES "backend: seccomp\n",
		ROLES "network: {drop: 3}\n",
		ROLES "faults:\n  - {network: {drop: 3}}\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct loaded l = text_load_valid(texts[i]);
		const char *why = l.list.items[0]->unavailable;

		cr_expect(
			why && strncmp(why, "not available yet: ", 19) == 0, "%s: %s", texts[i], why ? why : "nothing");
		loaded_fini(&l);
	}
}

Test(load, an_alias_is_what_it_names)
{
	struct loaded l = text_load_valid(HEAD "roles:\n  a: {run: &argv [./a, x]}\n  b: {run: *argv}\n");

	cr_expect_str_eq(l.list.items[0]->roles[1].run[1], "x");
	loaded_fini(&l);
}

Test(load, an_alias_of_itself_is_refused)
{
	text_load_refused(HEAD "technique: unix-stream\ntags: &a [*a]\n", "no anchor of this name");
}
