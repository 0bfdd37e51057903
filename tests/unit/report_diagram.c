/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/model/plan.h"
#include "core/base/rng.h"
#include "core/report/canvas.h"
#include "core/report/diagram.h"
#include "core/report/story.h"
#include "core/report/trace.h"
#include "core/report/utf8.h"
#include "tests/unit/report_support.h"

/* Draws, and holds every diagram to its measures. */
static char *drawn(const struct history *h, size_t centre, unsigned context, bool utf8)
{
	struct str out = STR_NONE;
	size_t lines = 0;

	diagram_draw(h, centre, context, utf8, &out);
	for (const char *line = str_get(&out); *line;) {
		size_t n = strcspn(line, "\n");
		char *copy = strndup(line, n);

		cr_assert(line[n] == '\n');
		cr_expect(utf8_width(copy) <= CANVAS_WIDTH, "too wide: %s", copy);
		free(copy);
		line += n + 1;
		lines++;
	}
	cr_expect(lines <= DIAGRAM_LINES, "%zu lines", lines);
	return str_take(&out);
}

/* A short read on an echo server: the classic. */
static void echo_fill(struct history *h)
{
	uint32_t server = proc(h, "server", 0), client = proc(h, "client", 0);
	uint32_t c = chan(h, "client→server#1", OBJ_UNIX_STREAM, client, server);

	call(h, client, "connect", c, 0, 0);
	call(h, server, "accept", c, 0, 5);
	call(h, client, "write", c, 12, 12);
	strike(h, server, "read", c, ACT_SHORT, 3);
	call(h, server, "read", c, 64, 3)->e.flags = EVF_STRUCK | EVF_SHORTENED;
	call(h, server, "write", c, 3, 3);
	call(h, client, "read", c, 64, 3);
	call(h, client, "close", c, 0, 0);
	add(h, client, EV_EXIT)->e.result = 1;
	call(h, server, "read", c, 64, 9);
	call(h, server, "write", c, 9, -EPIPE);
	add(h, server, EV_EXIT)->e.result = 0;
}

Test(report_diagram, short_read)
{
	struct history h = HISTORY_NONE;
	char *out;

	echo_fill(&h);
	cr_expect_eq(diagram_centre(&h), 3);
	out = drawn(&h, 3, 8, true);
	golden_is("diagram-short-read.txt", out);
	free(out);
	history_fini(&h);
}

Test(report_diagram, ascii)
{
	struct history h = HISTORY_NONE;
	char *out;

	echo_fill(&h);
	out = drawn(&h, 3, 8, false);
	for (const char *c = out; *c; c++)
		cr_assert((unsigned char)*c < 0x80);
	golden_is("diagram-ascii.txt", out);
	free(out);
	history_fini(&h);
}

Test(report_diagram, context_leaves_out_and_says_so)
{
	struct history h = HISTORY_NONE;
	char *out;

	echo_fill(&h);
	out = drawn(&h, 4, 2, true);
	golden_is("diagram-context.txt", out);
	free(out);
	history_fini(&h);
}

/* A client killed in mid-accept, a forked child that serves it, a datagram dropped, a reader that waits for ever. */
Test(report_diagram, deaths_forks_drops_and_waits)
{
	struct history h = HISTORY_NONE;
	uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0), second = proc(&h, "client/2", 0);
	uint32_t child = proc(&h, "server.1", server + 1);
	uint32_t c = chan(&h, "client→server#1", OBJ_UNIX_STREAM, client, server);
	uint32_t d = chan(&h, "client/2→server#1", OBJ_UDP, second, server);
	char *out;

	call(&h, client, "connect", c, 0, 0);
	call(&h, client, "write", c, 5, 5);
	strike(&h, client, "write", c, ACT_KILL, 0);
	call(&h, server, "accept", c, 0, 5);
	add(&h, server, EV_FORK)->e.object = child + 1;
	call(&h, child, "read", c, 64, 5);
	call(&h, child, "read", c, 64, 0);
	strike(&h, second, "sendto", d, ACT_DROP, 0);
	call(&h, second, "sendto", d, 16, 16)->e.flags = EVF_STRUCK | EVF_DROPPED;
	add(&h, child, EV_EXIT)->e.result = 0;
	add(&h, server, EV_SIGNAL)->e.result = SIGCHLD;
	call(&h, server, "accept", c, 0, -EINTR);
	call(&h, second, "recvfrom", d, 64, 0)->e.kind = EV_INVOKED;
	out = drawn(&h, 2, 20, true);
	golden_is("diagram-deaths.txt", out);
	free(out);
	history_fini(&h);
}

/* How the writes and the accept fell in time is chance; the picture of it is not. */
Test(report_diagram, same_picture_whoever_is_faster)
{
	static const int orders[2][4] = { { 0, 1, 2, 3 }, { 0, 2, 1, 3 } };
	char *pictures[2];

	for (int o = 0; o < 2; o++) {
		struct history h = HISTORY_NONE;
		uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0);
		uint32_t c = chan(&h, "client→server#1", OBJ_UNIX_STREAM, client, server);

		for (int i = 0; i < 4; i++)
			switch (orders[o][i]) {
			case 0:
				call(&h, client, "connect", c, 0, 0);
				break;
			case 1:
				call(&h, server, "accept", 0, 0, 5);
				break;
			case 2:
				call(&h, client, "write", c, 5, 5);
				break;
			case 3:
				call(&h, server, "read", c, 64, 5);
				break;
			}
		pictures[o] = drawn(&h, 3, 8, true);
		history_fini(&h);
	}
	cr_expect(strstr(pictures[0], "connect, accept") && strstr(pictures[0], "write 5 B, read 5 B"), "%s",
		pictures[0]);
	cr_expect_str_eq(pictures[0], pictures[1]);
	free(pictures[0]);
	free(pictures[1]);
}

/* But a client that dies before it is accepted is dead before, in the picture too. */
Test(report_diagram, death_before_accept_stays_before)
{
	struct history h = HISTORY_NONE;
	uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0);
	uint32_t c = chan(&h, "client→server#1", OBJ_UNIX_STREAM, client, server);
	char *out, *killed, *accepted;

	call(&h, client, "connect", c, 0, 0);
	strike(&h, client, "connect", c, ACT_KILL, 0);
	call(&h, server, "accept", 0, 0, 5);
	out = drawn(&h, 1, 8, true);
	killed = strstr(out, "killed");
	accepted = strstr(out, "accept");
	cr_expect(killed && accepted && killed < accepted, "%s", out);
	free(out);
	history_fini(&h);
}

/* What struck stays in the picture of what broke long afterwards. */
Test(report_diagram, cause_and_effect)
{
	struct history h = HISTORY_NONE;
	uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0);
	uint32_t c = chan(&h, "client→server#1", OBJ_TCP, client, server);
	char *out;

	strike(&h, server, "recv", c, ACT_SHORT, 1);
	for (uint32_t i = 0; i < 50; i++) {
		call(&h, client, "send", c, 100 + i, 100 + i);
		call(&h, server, "recv", c, 1000, 100 + i);
	}
	call(&h, server, "recv", c, 1000, -ECONNRESET);
	out = drawn(&h, h.n_events - 1, 6, true);
	golden_is("diagram-cause.txt", out);
	free(out);
	history_fini(&h);
}

/* What moves between two objects counts on neither channel; that it moved is seen all the same. */
Test(report_diagram, a_file_that_is_sent_whole)
{
	struct history h = HISTORY_NONE;
	uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0);
	uint32_t c = chan(&h, "client→server#1", OBJ_TCP, client, server);
	char *out;

	call(&h, server, "sendfile", c, 1092, 1092);
	out = drawn(&h, 0, 8, true);
	cr_expect(strstr(out, "sendfile 1092 B"), "%s", out);
	free(out);
	history_fini(&h);
}

/* A busy loop is one row, however long it is. */
Test(report_diagram, repetition_is_folded)
{
	struct history h = HISTORY_NONE;
	uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0);
	uint32_t c = chan(&h, "client→server#1", OBJ_TCP, client, server);
	char *out;

	call(&h, client, "send", c, 4, 4);
	call(&h, server, "recv", c, 64, 4);
	for (int i = 0; i < 5000; i++)
		call(&h, server, "recv", c, 64, -EAGAIN);
	call(&h, client, "send", c, 4, 4);
	out = drawn(&h, 0, 8, true);
	cr_expect(strstr(out, "recv = EAGAIN ×5000"), "%s", out);
	cr_expect(strstr(out, "send 4 B, recv 4 B"), "%s", out);
	free(out);
	history_fini(&h);
}

Test(report_diagram, many_processes_and_a_long_history_stay_within_the_measures)
{
	struct history h = HISTORY_NONE;
	uint32_t server = proc(&h, "server", 0);
	char *out;

	for (uint32_t i = 1; i <= 20; i++) {
		char name[ROLE_NAME];
		uint32_t client, c;

		snprintf(name, sizeof(name), "a-client-with-a-long-name-%u", i);
		client = proc(&h, name, 0);
		c = chan(&h, "client→server#1", OBJ_UNIX_STREAM, client, server);
		for (uint32_t k = 0; k < 5; k++) {
			call(&h, client, "send", c, 1000000 + k, 1000000 + k);
			call(&h, server, "recv", c, 2000000, 1000000 + k);
			call(&h, server, "recv", c, k, -EINTR);
		}
	}
	for (size_t i = 0; i < h.n_events; i += 7) {
		out = drawn(&h, i, 100, i % 2);
		cr_expect(strstr(out, "not shown"), "%s", out);
		cr_expect(strstr(out, "\n>"), "the centre is not marked:\n%s", out);
		free(out);
	}
	history_fini(&h);
}

Test(report_diagram, nothing_to_show)
{
	struct history h = HISTORY_NONE;
	char *out = drawn(&h, 5, 8, true);

	cr_expect_str_empty(out);
	free(out);
	add(&h, 99, EV_CALL); /* a damaged history: no such process */
	out = drawn(&h, 0, 8, true);
	cr_expect_str_empty(out);
	free(out);
	history_fini(&h);
}

Test(report_diagram, fill_tells_where_it_struck)
{
	struct history h = HISTORY_NONE;
	struct result *r = mem_new(sizeof(*r));

	echo_fill(&h);
	r->n_faults = 1;
	diagram_fill(&h, diagram_centre(&h), true, r);
	cr_expect_str_eq(r->faults[0].call, "read");
	cr_expect_str_eq(r->faults[0].channel, "client→server#1");
	cr_expect(strstr(r->diagram, "⚡ short: 3 at read"));
	cr_expect_eq(r->diagram[strlen(r->diagram) - 1], '\n');
	free(r);
	history_fini(&h);
}

/* Whatever a history file claims: nothing reads past its ends, and the measures are kept. */
static void damaged_fill(struct history *h, uint64_t *state)
{
	size_t n = rng_next(state) % 60 + 1;

	for (size_t i = rng_next(state) % 5; i-- > 0;)
		proc(h, i % 2 ? "a" : "b.1", (uint32_t)(rng_next(state) % 9));
	for (size_t i = rng_next(state) % 3; i-- > 0;)
		chan(h, "x→y", (uint32_t)(rng_next(state) % 40), (uint32_t)(rng_next(state) % 9),
			(uint32_t)(rng_next(state) % 9));
	for (size_t i = 0; i < n; i++) {
		struct history_event *e = add(h, (uint32_t)(rng_next(state) % 6), (uint8_t)(rng_next(state) % 16));

		e->e.call = (uint16_t)(rng_next(state) % (n_calls + 5));
		e->e.result = (int64_t)(rng_next(state) % 300) - 100;
		e->e.asked = (uint32_t)rng_next(state);
		e->e.object = (uint32_t)(rng_next(state) % 9);
		e->e.flags = (uint8_t)rng_next(state);
		e->e.error = (int16_t)(rng_next(state) % 3 ? 0 : rng_next(state) % 200);
		e->e.strike = (uint16_t)(rng_next(state) % 40);
		e->e.ticks = (uint32_t)rng_next(state);
		e->e.site = rng_next(state) % 2 ? rng_next(state) : 0;
		e->channel = (uint32_t)(rng_next(state) % 5);
		e->text = (uint32_t)(rng_next(state) % 5);
	}
}

Test(report_diagram, damaged_histories)
{
	FILE *null = fopen("/dev/null", "we");
	struct result *r = mem_new(sizeof(*r));
	uint64_t state = 11;

	cr_assert(null);
	r->n_faults = 5;
	for (int round = 0; round < 2000; round++) {
		struct history h = HISTORY_NONE;
		struct pen pen = { .utf8 = round % 2 };

		damaged_fill(&h, &state);
		free(drawn(&h, rng_next(&state) % 70, (unsigned)(rng_next(&state) % 20), round % 2));
		diagram_fill(&h, diagram_centre(&h), round % 2, r);
		story_of_run(&pen, "damaged", &h);
		for (size_t i = 0; i < n_traces; i++) {
			struct trace t = { .out = null, .utf8 = round % 2, .n_histories = 1 };

			cr_assert(!trace_table[i]->begin || !trace_table[i]->begin(&t));
			cr_assert_eq(trace_table[i]->history(&t, "damaged", &h), 0);
			cr_assert(!trace_table[i]->end || !trace_table[i]->end(&t));
		}
		str_fini(&pen.out);
		history_fini(&h);
	}
	free(r);
	fclose(null);
}
