/* SPDX-License-Identifier: MIT */
/* The three formats of `sabot trace`, over one history made by hand. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <signal.h>

#include "core/model/plan.h"
#include "core/report/trace.h"
#include "tests/unit/report_support.h"

static void history_fill(struct history *h)
{
	uint32_t server = proc(h, "server", 0), client = proc(h, "client", 0);
	uint32_t c = chan(h, "client→server#1", OBJ_UNIX_STREAM, client, server);
	uint32_t child;

	add(h, server, EV_HELLO)->e.result = 100;
	call(h, client, "connect", c, 0, 0);
	call(h, server, "accept", c, 0, 5);
	call(h, client, "write", c, 12, 12);
	strike(h, server, "read", c, ACT_SHORT, 3);
	call(h, server, "read", c, 64, 12)->e.flags = EVF_STRUCK;
	add(h, client, EV_SIGNAL)->e.result = SIGALRM;
	call(h, client, "read", c, 64, -EINTR);
	call(h, client, "sendto", c, 4, 4)->e.flags = EVF_STRUCK | EVF_DROPPED;
	text(h, add(h, server, EV_BECAME), "odd \x01 \xff name");
	child = proc(h, "server.1", server + 1);
	add(h, server, EV_FORK)->e.object = child + 1;
	text(h, add(h, child, EV_EXEC), "/bin/true");
	add(h, client, EV_SENT)->e.asked = 12;
	call(h, server, "accept", c, 0, 0)->e.kind = EV_INVOKED;
	add(h, client, EV_EXIT)->e.result = 1;
	h->lost = 2;
}

static char *traced(const char *format, size_t n_histories, bool utf8)
{
	const struct trace_format *f = trace_find(format);
	struct trace t = { .utf8 = utf8, .n_histories = n_histories };
	char *out = NULL;
	size_t size;

	cr_assert(f, "%s", format);
	t.out = open_memstream(&out, &size);
	if (f->begin)
		cr_assert_eq(f->begin(&t), 0);
	for (; t.n_done < n_histories; t.n_done++) {
		struct history h = HISTORY_NONE;

		history_fill(&h);
		cr_assert_eq(f->history(&t, t.n_done ? "second" : "first", &h), 0);
		history_fini(&h);
	}
	if (f->end)
		cr_assert_eq(f->end(&t), 0);
	fclose(t.out);
	return out;
}

Test(report_trace, text)
{
	char *one = traced("text", 1, true), *two = traced("text", 2, false);

	golden_is("trace.txt", one);
	golden_is("trace-two-ascii.txt", two);
	cr_expect_eq(strchr(one, '\001'), NULL);
	for (const char *c = two; *c; c++)
		cr_assert((unsigned char)*c < 0x80);
	free(one);
	free(two);
}

/* Every line is an object of the same keys. */
Test(report_trace, json_lines)
{
	char *out = traced("json", 1, true);
	size_t n = 0, struck = 0;

	golden_is("trace.jsonl", out);
	for (char *line = out, *end; *line; line = end + 1, n++) {
		json_error_t error;
		json_t *o;

		end = strchr(line, '\n');
		cr_assert(end);
		o = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, &error);
		cr_assert(o, "%s: %.*s", error.text, (int)(end - line), line);
		cr_expect_eq(json_object_size(o), 17);
		cr_expect(json_is_integer(json_object_get(o, "time_ns")));
		struck += json_is_true(json_object_get(o, "struck"));
		json_decref(o);
	}
	cr_expect_eq(n, 15);
	cr_expect_eq(struck, 3);
	free(out);
}

/* One JSON document in which every process has a name, and what one sent and another received has an arrow. */
Test(report_trace, chrome)
{
	char *out = traced("chrome", 2, true);
	json_error_t error;
	json_t *root = json_loads(out, JSON_REJECT_DUPLICATES, &error), *events, *event;
	size_t i, names = 0, starts = 0, ends = 0;

	cr_assert(root, "%s in %s", error.text, out);
	golden_is("trace.chrome.json", out);
	events = json_object_get(root, "traceEvents");
	json_array_foreach(events, i, event)
	{
		const char *phase = json_string_value(json_object_get(event, "ph"));

		cr_assert(phase && json_is_number(json_object_get(event, "ts")) &&
			  json_is_integer(json_object_get(event, "pid")) &&
			  json_is_integer(json_object_get(event, "tid")));
		names += *phase == 'M';
		starts += *phase == 's';
		ends += *phase == 'f';
		if (*phase == 'X')
			cr_expect(json_is_number(json_object_get(event, "dur")));
	}
	cr_expect_eq(names, 6);
	cr_expect_eq(starts, 2);
	cr_expect_eq(ends, 2);
	json_decref(root);
	free(out);
}

Test(report_trace, nothing)
{
	for (size_t i = 0; i < n_traces; i++) {
		char *out = traced(trace_table[i]->name, 0, true);

		free(out);
	}
	cr_expect_eq(trace_find("xml"), NULL);
}
