/* SPDX-License-Identifier: MIT */
/* What `sabot explain` tells. */
#include <criterion/criterion.h>
#include <signal.h>

#include "core/model/plan.h"
#include "core/report/story.h"
#include "tests/unit/report_support.h"

static char **words(const char *const *list)
{
	size_t n = 0;
	char **copy;

	while (list[n])
		n++;
	copy = mem_new((n + 1) * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = mem_dup(list[i]);
	return copy;
}

static struct plan_fault fault(const char *in, const char *at, uint32_t action)
{
	struct plan_fault f = { .fd = -1, .action = action, .times = 1, .trigger = TRIG_NTH, .n = 2 };

	text_copy(f.where.in, sizeof(f.where.in), in);
	cr_assert_eq(call_select(at, &f.where.at), 0);
	return f;
}

static void fault_is(const struct plan_fault *f, const char *action, const char *want)
{
	struct str out = STR_NONE;

	story_of_fault(&out, f, action);
	cr_expect(!strncmp(str_get(&out), want, strlen(want)), "%s", str_get(&out));
	str_fini(&out);
}

Test(report_story, faults_in_words)
{
	struct plan_fault f = fault("server", "receive", ACT_SHORT);

	fault_is(&f, "short: 3", "in server, the 2nd receive, before the call: short: 3 (");
	f.n = 11;
	f.kinds = 1u << OBJ_TCP | 1u << OBJ_UDP;
	text_copy(f.peer, sizeof(f.peer), "client/2");
	fault_is(
		&f, "short: 3", "in server, the 11th receive on tcp or udp with client/2, before the call: short: 3 (");
	f = fault("client*", "write", ACT_KILL);
	f.where.when = WHEN_AFTER;
	f.trigger = TRIG_EVERY;
	f.n = 3;
	f.times = TIMES_FOREVER;
	fault_is(&f, "kill: self", "in client*, every 3rd write, after the call, for ever: kill: self (");
	f.trigger = TRIG_CHANCE;
	f.chance = 0.25;
	f.times = 5;
	f.has_armed_by = 1;
	text_copy(f.armed_by.in, sizeof(f.armed_by.in), "server");
	cr_assert_eq(call_select("accept", &f.armed_by.at), 0);
	fault_is(&f, "kill: self",
		"in client*, each write with a chance of 0.25, after the call, counted from before the 1st accept of "
		"server, "
		"5 times at most: kill: self (");
}

Test(report_story, scenario)
{
	struct scenario *s = mem_new(sizeof(*s));
	struct pen p = { .utf8 = true };

	s->file = mem_dup("lesson.yaml");
	s->name = mem_dup("lesson");
	s->title = mem_dup("One read is not one message");
	s->about = mem_dup("A stream has no\nmessages.");
	s->claim_text = mem_dup("read() may return less");
	s->claim_source = mem_dup("read(2)");
	s->roles[0] = (struct role){ .name = mem_dup("server"), .count = 1, .ready = READY_BY_LISTEN, .stop = SIGTERM };
	s->roles[0].run = words((const char *const[]){ "./server", "a b", NULL });
	s->roles[1] =
		(struct role){ .name = mem_dup("client"), .count = 2, .driver = true, .after = mem_dup("server") };
	s->roles[1].run = words((const char *const[]){ "./client", NULL });
	s->n_roles = 2;
	s->faults[0] = fault("server", "read", ACT_SHORT);
	s->fault_texts[0] = mem_dup("short: 3");
	s->n_faults = 1;
	s->expects[0] = (struct expect){ .property = mem_dup("no-loss"), .verdict = VERDICT_VIOLATED };
	s->expects[1] = (struct expect){ .property = mem_dup("exit"), .exit_role = mem_dup("client"), .exit_code = 1 };
	s->n_expects = 2;
	story_of_scenario(&p, s);
	golden_is("story-scenario.txt", str_get(&p.out));
	str_fini(&p.out);
	scenario_free(s);
}

Test(report_story, run)
{
	struct history h = HISTORY_NONE;
	struct pen p = { .utf8 = true };
	uint32_t server = proc(&h, "server", 0), client = proc(&h, "client", 0), c;

	c = chan(&h, "client→server#1", OBJ_UNIX_STREAM, client, server);
	h.channels[0].n_sent = h.channels[0].n_received = 1;
	h.channels[0].bytes_in = h.channels[0].bytes_out = 12;
	call(&h, client, "write", c, 12, 12);
	call(&h, server, "read", c, 64, 12);
	strike(&h, server, "write", c, ACT_DELAY, 20000000);
	call(&h, server, "write", c, 2, 2);
	add(&h, client, EV_EXIT)->e.result = -1;
	call(&h, server, "accept", 0, 0, 0)->e.kind = EV_INVOKED;
	story_of_run(&p, "lesson", &h);
	golden_is("story-run.txt", str_get(&p.out));
	str_fini(&p.out);
	history_fini(&h);
}
