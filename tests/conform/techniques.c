/* SPDX-License-Identifier: MIT */
/*
 * One suite for every row of the technique table: each pattern, each design, started by hand. Whatever the technique,
 * all roles end with status 0, say what they should and nothing else, and leave nothing behind.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/model/technique.h"
#include "tests/support/ref_run.h"
#include "core/base/banned.h"

enum { CASES_MOST = 1024, MESSAGES = 12 };

struct row {
	char technique[32], pattern[32], design[32];
};

static size_t rows_of_technique(const struct technique_info *t, struct row *rows, size_t n, bool patterns)
{
	char pattern[32], design[32];

	for (size_t i = 0; ref_word(t->patterns, i, pattern); i++) {
		if (!patterns && i > 0)
			break;
		for (size_t k = 0; n < CASES_MOST; k++) {
			bool has = ref_word(t->designs, k, design);

			if (!has && k > 0)
				break;
			snprintf(rows[n].technique, sizeof(rows[n].technique), "%s", t->name);
			snprintf(rows[n].pattern, sizeof(rows[n].pattern), "%s", pattern);
			snprintf(rows[n].design, sizeof(rows[n].design), "%s", has ? design : "");
			n++;
			if (!has)
				break;
		}
	}
	return n;
}

static struct criterion_test_params rows_make(bool patterns)
{
	struct row *rows = cr_malloc(CASES_MOST * sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < n_techniques; i++)
		n = rows_of_technique(&technique_table[i], rows, n, patterns);
	return cr_make_param_array(struct row, rows, n, NULL);
}

static struct ref_case case_of(const struct row *r, const char *size)
{
	struct ref_case c = { .technique = r->technique, .pattern = r->pattern, .design = r->design, .size = size,
		.n_clients = 2, .messages = MESSAGES, .window = 4 };

	ref_case_init(&c);
	return c;
}

/* The line of client i, wherever it was printed: client 1 sent 12 messages, or received them. */
static void client_expect(const struct row *r, const struct ref_process *p, unsigned i)
{
	char begin[32], number[32];
	const char *line;

	snprintf(begin, sizeof(begin), "client %u: ", i);
	snprintf(number, sizeof(number), "%d ", MESSAGES);
	line = strstr(p->out_text, begin);
	cr_expect(
		line, "%s %s %s: client %u says nothing: \"%s\"", r->technique, r->pattern, r->design, i, p->out_text);
	if (line)
		cr_expect(strncmp(line + strlen(begin), number, strlen(number)) == 0, "%s %s %s: \"%s\"", r->technique,
			r->pattern, r->design, line);
}

static void process_expect(const struct row *r, const struct ref_process *p, const char *who)
{
	cr_expect_eq(p->status, 0, "%s %s %s: %s ended with status %d: %s", r->technique, r->pattern, r->design, who,
		p->status, p->err_text);
	cr_expect_str_eq(p->err_text, "", "%s %s %s: %s complains: %s", r->technique, r->pattern, r->design, who,
		p->err_text);
}

static void row_run(const struct row *r, const char *size)
{
	struct ref_process server, clients[REF_CLIENTS] = { { .pid = 0 } };
	struct ref_case c = case_of(r, size);
	bool children = technique_find(r->technique)->children;

	if (ref_run(&c, &server, clients)) {
		process_expect(r, &server, "server");
		for (unsigned i = 0; i < c.n_clients; i++) {
			if (!children)
				process_expect(r, &clients[i], "client");
			client_expect(r, children ? &server : &clients[i], i + 1);
		}
	}
	cr_expect_eq(ref_case_fini(&c), 0, "%s %s %s: something was left behind", r->technique, r->pattern, r->design);
}

ParameterizedTestParameters(techniques, small_messages)
{
	return rows_make(true);
}

ParameterizedTest(struct row *r, techniques, small_messages)
{
	row_run(r, "1..512");
}

ParameterizedTestParameters(techniques, large_messages)
{
	return rows_make(true);
}

/* What a technique cannot carry in one message is cut to what it can. */
ParameterizedTest(struct row *r, techniques, large_messages)
{
	row_run(r, "1024..65536");
}

ParameterizedTestParameters(techniques, server_without_clients_ends)
{
	return rows_make(false);
}

ParameterizedTest(struct row *r, techniques, server_without_clients_ends)
{
	struct ref_case c = case_of(r, "64");
	struct ref_process server;

	if (!technique_find(r->technique)->children) {
		ref_start(&c, 0, &server);
		if (ref_ready(&server)) {
			kill(server.pid, SIGTERM);
			ref_wait(&server);
			process_expect(r, &server, "server");
		} else {
			ref_wait(&server);
			cr_expect_eq(server.status, 77, "%s", server.err_text);
		}
	}
	cr_expect_eq(ref_case_fini(&c), 0, "%s %s: something was left behind", r->technique, r->design);
}

ParameterizedTestParameters(techniques, server_starts_where_one_was_killed)
{
	return rows_make(false);
}

/* The first step that is taught: what a server that was killed has left behind does not keep the next from starting. */
ParameterizedTest(struct row *r, techniques, server_starts_where_one_was_killed)
{
	struct ref_case c = case_of(r, "64");
	struct ref_process server, clients[REF_CLIENTS] = { { .pid = 0 } };

	if (technique_find(r->technique)->children) {
		ref_case_fini(&c);
		return;
	}
	ref_start(&c, 0, &server);
	if (ref_ready(&server)) {
		kill(server.pid, SIGKILL);
		ref_wait(&server);
		cr_expect(ref_run(&c, &server, clients));
		cr_expect_eq(server.status, 0, "%s %s: the second server ended with status %d: %s", r->technique,
			r->design, server.status, server.err_text); /* it may say what it has removed */
		for (unsigned i = 0; i < c.n_clients; i++)
			process_expect(r, &clients[i], "client");
	} else {
		ref_wait(&server);
		cr_expect_eq(server.status, 77, "%s", server.err_text);
	}
	cr_expect_eq(ref_case_fini(&c), 0, "%s %s: something was left behind", r->technique, r->design);
}

ParameterizedTestParameters(techniques, clients_come_again)
{
	return rows_make(false);
}

/* A client that comes again with the same id is a new one: it gets all of its answers. */
ParameterizedTest(struct row *r, techniques, clients_come_again)
{
	struct ref_case c = case_of(r, "64");
	struct ref_process server, client;

	if (technique_find(r->technique)->children) {
		ref_case_fini(&c);
		return;
	}
	ref_start(&c, 0, &server);
	for (bool ready = ref_ready(&server), again = true; ready; again = false) {
		ref_start(&c, 1, &client);
		ref_wait(&client);
		process_expect(r, &client, "client");
		client_expect(r, &client, 1);
		if (!again)
			break;
	}
	kill(server.pid, SIGTERM);
	ref_wait(&server);
	cr_expect(server.status == 0 || server.status == 77, "%s server: status %d: %s", r->technique, server.status,
		server.err_text);
	cr_expect_eq(ref_case_fini(&c), 0, "%s %s: something was left behind", r->technique, r->design);
}
