/* SPDX-License-Identifier: MIT */
/* Every technique's probes: an answer in the words of the table, and the same answer twice. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/str.h"
#include "core/model/guarantee.h"
#include "core/model/technique.h"
#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

/* Asks the probe; the value, owned by the caller. Fails the test if there is no proper answer. */
static char *probe(const char *technique, const char *guarantee)
{
	char *command = mem_printf("'%s' probe %s %s", getenv("SABOT_REF"), technique, guarantee), line[4096], *copy;
	const char *of, *about, *value, *evidence;
	FILE *out = popen(command, "re");
	json_t *root;
	int status;

	cr_assert(out, "cannot run %s", command);
	cr_assert(fgets(line, sizeof(line), out), "%s printed nothing", command);
	cr_expect(fgetc(out) == EOF, "%s printed more than a line", command);
	status = pclose(out);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s ended with %d", command, status);
	root = json_loads(line, 0, NULL);
	cr_assert(root, "%s: not JSON: %s", command, line);
	cr_assert_eq(json_unpack(root, "{s:s, s:s, s:s, s:s}", "technique", &of, "guarantee", &about, "value", &value,
			     "evidence", &evidence),
		0);
	cr_expect_str_eq(of, technique);
	cr_expect_str_eq(about, guarantee);
	cr_expect(guarantee_allows(guarantee_find(guarantee), value), "%s: \"%s\" is no word for it", command, value);
	cr_expect(strcmp(value, "unknown") != 0, "%s: %s", command, evidence);
	cr_expect(evidence[0] != '\0', "%s: no evidence", command);
	copy = mem_dup(value);
	json_decref(root);
	free(command);
	return copy;
}

/* Names are in the arrays themselves: Criterion hands parameters to another process. */
ParameterizedTestParameters(probes, the_same_answer_twice)
{
	static char names[][32] = { "boundaries", "peer-death-reader", "short-buffer", "pass-fds", "multiplexable" };

	return cr_make_param_array(char[32], names, sizeof(names) / sizeof(names[0]));
}

ParameterizedTest(char (*guarantee)[32], probes, the_same_answer_twice)
{
	for (size_t t = 0; t < n_techniques; t++) {
		char *once = probe(technique_table[t].name, *guarantee);
		char *twice = probe(technique_table[t].name, *guarantee);

		cr_expect_str_eq(once, twice, "%s, %s: %s, then %s", technique_table[t].name, *guarantee, once, twice);
		free(once);
		free(twice);
	}
}

/* What no kernel that we run on does otherwise: a probe that says so looked at the wrong thing. */
Test(probes, answers_that_cannot_be_otherwise)
{
	static const struct {
		const char *technique, *guarantee, *value;
	} rows[] = {
		{ "unix-stream", "boundaries", "no" },
		{ "unix-stream", "connection-required", "yes" },
		{ "unix-dgram", "boundaries", "yes" },
		{ "unix-dgram", "full-nonblocking", "EAGAIN" },
		{ "udp", "full-nonblocking", "drops-silently" },
		{ "udp", "no-loss", "observed-not-guaranteed" },
		{ "fifo", "connection-required", "reader-must-open" },
		{ "pipe", "peer-death-writer", "EPIPE+SIGPIPE" },
		{ "posix-mq", "priority", "yes-highest-msg_prio-first" },
		{ "sysv-mq", "priority", "receiver-selects-by-mtype" },
		{ "rt-signal", "fifo", "yes-same-signo" },
		{ "signal", "full-nonblocking", "coalesces" },
		{ "eventfd", "no-loss", "sum-exact" },
		{ "memfd", "boundaries", "app-protocol" },
		{ "tcp", "vanished-client", "fd-then-EOF" },
		{ "signal", "boundaries", "n/a" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *value = probe(rows[i].technique, rows[i].guarantee);

		cr_expect_str_eq(value, rows[i].value, "%s, %s: %s", rows[i].technique, rows[i].guarantee, value);
		free(value);
	}
}

/* --- sabot matrix --------------------------------------------------------------------------------------------- */

Test(probes, one_cell_through_the_command)
{
	const char *const args[] = { "matrix", "--technique", "pipe", "--guarantee", "boundaries", "--report", "json",
		NULL };
	struct sabot_run r = sabot_run(NULL, NULL, args);
	json_t *root = json_loads(r.out, 0, NULL), *cell;
	const char *technique, *value;

	cr_assert_eq(r.code, 0, "%s", r.err);
	cr_assert(root, "not JSON: %s", r.out);
	cell = json_array_get(json_object_get(root, "cells"), 0);
	cr_expect_eq(json_array_size(json_object_get(root, "cells")), 1);
	cr_assert_eq(json_unpack(cell, "{s:s, s:s}", "technique", &technique, "value", &value), 0);
	cr_expect_str_eq(technique, "pipe");
	cr_expect_str_eq(value, "no");
	json_decref(root);
	sabot_run_fini(&r);
}

Test(probes, verbose_tells_the_run_behind_the_cell)
{
	const char *const args[] = { "matrix", "--technique", "socketpair", "--guarantee", "short-buffer", "-v", NULL };
	struct sabot_run r = sabot_run(NULL, NULL, args);

	cr_expect_eq(r.code, 0, "%s", r.err);
	cr_expect(strstr(r.out, "socketpair, short-buffer: rest-kept\n"), "%s", r.out);
	cr_expect(strstr(r.out, "probe.1"), "%s", r.out);
	cr_expect(
		strstr(r.out, "repro: sabot matrix --technique socketpair --guarantee short-buffer -v\n"), "%s", r.out);
	sabot_run_fini(&r);
}

Test(probes, wrong_names_are_usage_errors)
{
	static const char *const lines[][4] = {
		{ "matrix", "--technique", "udpp", NULL },
		{ "matrix", "--guarantee", "fif", NULL },
		{ "matrix", "--report", "junit", NULL },
		{ "matrix", "no-such-directory", NULL },
	};
	static const char *const said[] = { "did you mean udp?", "did you mean fifo?", "tty, json or markdown",
		"No such file" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct sabot_run r = sabot_run(NULL, NULL, lines[i]);

		cr_expect_eq(r.code, 2, "%s", r.err);
		cr_expect(strstr(r.err, said[i]), "%s", r.err);
		sabot_run_fini(&r);
	}
}
