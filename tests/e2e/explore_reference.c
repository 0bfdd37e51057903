/* SPDX-License-Identifier: MIT */
/* The careful reference programs handle every lawful fault; each of some well-known mistakes is found. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

/* Plain data: Criterion copies parameters into the process of the test. */
struct care {
	char technique[24], design[16], realism[8];
};

struct mistake {
	char technique[24], design[16], name[32], symptom[16], broke[64];
};

static struct sabot_run explored(const char *technique, const char *design, const char *mistake, const char *realism)
{
	char *directory = test_directory(), text[512];
	struct sabot_run r;

	snprintf(text, sizeof(text), "sabot: 1\ntitle: a test\ntechnique: %s\nserver: {%s%s%smistakes: [%s]}\n"
		 "workload: {pattern: echo, messages: 6, size: 64}\n", technique, design[0] ? "design: " : "", design,
		 design[0] ? ", " : "", mistake);
	test_file(directory, "scenario.yaml", text);
	r = sabot_run(directory, NULL, (const char *[]){ "explore", "scenario.yaml", "--realism", realism, NULL });
	test_directory_remove(directory);
	return r;
}

ParameterizedTestParameters(explore, care_has_no_finding)
{
	static struct care all[] = {
		{ "unix-stream", "iterative", "posix" }, { "unix-stream", "epoll-edge", "linux" },
		{ "unix-dgram", "", "posix" }, { "unix-seqpacket", "poll", "posix" }, { "socketpair", "", "posix" },
		{ "tcp", "select", "posix" }, { "tcp", "thread", "linux" }, { "tcp", "fork", "linux" },
		{ "udp", "", "posix" }, { "pipe", "", "posix" }, { "fifo", "", "posix" },
		{ "posix-mq", "", "posix" }, { "sysv-mq", "", "posix" },
		{ "posix-shm", "semaphore", "posix" }, { "posix-shm", "mutex", "posix" }, { "sysv-shm", "", "posix" },
		{ "memfd", "", "posix" }, { "signal", "", "posix" }, { "rt-signal", "", "posix" },
		{ "eventfd", "", "posix" },
	};

	return cr_make_param_array(struct care, all, sizeof(all) / sizeof(*all));
}

ParameterizedTest(struct care *c, explore, care_has_no_finding)
{
	struct sabot_run r = explored(c->technique, c->design, "", c->realism);

	cr_expect_eq(r.code, 0, "%s %s: exit %d\n%s%s", c->technique, c->design, r.code, r.out, r.err);
	cr_expect_not_null(strstr(r.out, "\n0 findings\n"));
	cr_expect_null(strstr(r.out, "handled 0 "), "nothing was struck:\n%s", r.out);
	sabot_run_fini(&r);
}

ParameterizedTestParameters(explore, a_mistake_is_found)
{
	static struct mistake all[] = {
		{ "unix-stream", "iterative", "short-read", "wrong-output", "" },
		{ "tcp", "poll", "short-read", "wrong-output", "" },
		{ "tcp", "select", "die-on-accept-error", "down", "" },
		{ "unix-stream", "epoll", "no-eintr-retry", "", "" },
		{ "unix-stream", "iterative", "leak-fd-on-error", "leak", "broke:   server, after " },
		{ "tcp", "thread", "emfile-busy-loop", "busy-loop", "broke:   server, after accept" },
		{ "tcp", "iterative", "ignore-sigpipe-off", "down", "broke:   server, in write at client_handle.c:" },
	};

	return cr_make_param_array(struct mistake, all, sizeof(all) / sizeof(*all));
}

ParameterizedTest(struct mistake *m, explore, a_mistake_is_found)
{
	struct sabot_run r = explored(m->technique, m->design, m->name, "linux");

	cr_expect_eq(r.code, 1, "%s %s: exit %d\n%s%s", m->technique, m->name, r.code, r.out, r.err);
	cr_expect_not_null(strstr(r.out, m->symptom), "no %s:\n%s", m->symptom, r.out);
	cr_expect_not_null(strstr(r.out, m->broke), "no \"%s\":\n%s", m->broke, r.out);
	sabot_run_fini(&r);
}
