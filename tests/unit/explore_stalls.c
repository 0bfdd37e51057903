/* SPDX-License-Identifier: MIT */
/* A client that stalls for good: who is stopped, where, and for which files. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static struct sweep *sweep;
static struct scenario *scenario;

static void driver_add(const char *name, const char *begins)
{
	struct outcome *o = &sweep->baseline.outcome;

	text_copy(o->roles[o->n_roles].name, ROLE_NAME, name);
	o->roles[o->n_roles].driver = true;
	sweep->baseline.first_call[o->n_roles++] = (uint32_t)call_find(begins) + 1;
}

static void setup(void)
{
	sweep = mmap(NULL, sizeof(*sweep), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(sweep, MAP_FAILED);
	scenario = scenario_new();
	sweep->scenario = scenario;
	scenario->expects[0] = (struct expect){ .property = mem_dup("no-starvation"), .verdict = VERDICT_HOLDS };
	scenario->n_expects = 1;
	driver_add("client", "socket");
	driver_add("client/2", "socket");
	driver_add("watcher", "mq_open");
}

static void teardown(void)
{
	scenario_free(scenario);
	munmap(sweep, sizeof(*sweep));
}

TestSuite(stalls, .init = setup, .fini = teardown);

/* The second call of its name in the process; how many stops are offered there. */
static uint32_t offer(const char *process, const char *call, uint32_t kind, bool driver)
{
	struct history_event he = { .e = { .kind = EV_CALL, .call = (uint16_t)call_find(call), .result = 10 } };
	struct object o = { .kind = kind };
	struct position p = { .event = &he, .object = &o, .driver = driver, .of_call = stalls_wanted(sweep) ? 2 : 0 };
	struct candidate like = { .rank = 1, .fault = { .trigger = TRIG_NTH, .times = 1, .n = 1 } };
	uint32_t n = 0;

	text_copy(like.process, sizeof(like.process), process);
	text_copy(like.fault.where.in, sizeof(like.fault.where.in), process);
	text_copy(like.call, sizeof(like.call), call);
	select_call(call, &like.fault.where.at);
	sweep->n_candidates = 0;
	menu_offer(sweep, &p, &like);
	for (uint32_t i = 0; i < sweep->n_candidates; i++)
		n += sweep->candidates[i].stall_call != 0;
	return n;
}

Test(stalls, are_offered_where_the_others_are_to_be_served)
{
	cr_expect_eq(offer("client", "connect", OBJ_UNIX_STREAM, true), 1);
	cr_expect_eq(offer("client", "send", OBJ_UNIX_STREAM, true), 2, "before it, and in the midst of it");
	cr_expect_eq(offer("client", "send", OBJ_UNIX_SEQPACKET, true), 1, "nobody gets half a message of those");
	cr_expect_eq(offer("client", "recv", OBJ_TCP, true), 1);
	cr_expect_eq(offer("client", "sem_wait", OBJ_SEM, true), 0, "who holds a lock keeps the others out");
	cr_expect_eq(offer("client/2", "send", OBJ_UNIX_STREAM, true), 0, "it does what the first of them does");
	cr_expect_eq(offer("server", "send", OBJ_UNIX_STREAM, false), 0);
}

Test(stalls, are_asked_for)
{
	scenario->expects[0].verdict = VERDICT_VIOLATED;
	cr_expect_eq(offer("client", "send", OBJ_UNIX_STREAM, true), 0);
	scenario->n_expects = 0;
	cr_expect_eq(offer("client", "send", OBJ_UNIX_STREAM, true), 0);
	scenario->n_expects = 1;
	scenario->expects[0].verdict = VERDICT_HOLDS;
	sweep->baseline.outcome.n_roles = 1;
	cr_expect_eq(offer("client", "send", OBJ_UNIX_STREAM, true), 0, "there is nobody else");
	free(scenario->expects[0].property);
	scenario->expects[0].property = NULL;
	sweep->baseline.outcome.n_roles = 2;
	cr_expect_eq(offer("client", "send", OBJ_UNIX_STREAM, true), 0, "another expectation");
}

/* The others come to a server that has been spoken to by then. */
Test(stalls, hold_the_others_back_until_then)
{
	struct plan_fault holds[PLAN_FAULTS];
	const struct candidate *c = &sweep->candidates[0];

	offer("client", "send", OBJ_UNIX_STREAM, true);
	while (!c->stall_call)
		c++;
	cr_assert_eq(stalls_hold(sweep, c, holds, PLAN_FAULTS), 2);
	cr_expect_str_eq(holds[0].where.in, "client/2");
	cr_expect_str_eq(holds[1].where.in, "watcher");
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(holds[i].action, ACT_HOLD);
		cr_expect(call_set_has(&holds[i].where.at, (uint32_t)call_find(i ? "mq_open" : "socket")));
		cr_expect(holds[i].has_until);
		cr_expect_str_eq(holds[i].until.in, "client");
		cr_expect(call_set_has(&holds[i].until.at, (uint32_t)call_find("send")));
		cr_expect_eq(holds[i].until.nth, 2);
	}
	cr_expect_eq(stalls_hold(sweep, c, holds, 1), 1);
}

static struct outcome *starved_outcome(void)
{
	struct outcome *o = mem_new(sizeof(*o));

	*o = sweep->baseline.outcome;
	text_copy(o->stalled, sizeof(o->stalled), "client");
	o->starved = true;
	o->n_starving = 2;
	o->starving[0] = (struct waiter){ .role = 0, .process = "client", .call = 1 };
	o->starving[1] = (struct waiter){ .role = 1, .process = "client/2", .call = 1, .for_whom = "server" };
	return o;
}

Test(stalls, who_is_not_served_has_starved)
{
	struct trial t = { .result = RESULT_HANDLED };
	struct outcome *o = starved_outcome();

	cr_expect_eq(judge_stall(o, &t), SYMPTOM_HANG);
	cr_expect_str_eq(t.role, "client/2");
	cr_expect_str_eq(t.property, "no-starvation");
	cr_expect(strstr(t.text, "client/2 waits in"));
	cr_expect(strstr(t.text, "client is stopped"));
	o->starved = false;
	t.property[0] = '\0';
	cr_expect_eq(judge_stall(o, &t), SYMPTOM_NONE);
	o->roles[1].ended = ENDED_EXIT;
	cr_expect_eq(judge_unserved(&o->roles[1], SYMPTOM_WRONG_OUTPUT, &t), SYMPTOM_WRONG_OUTPUT);
	cr_expect_str_eq(t.property, "");
	o->roles[1].status = 1;
	cr_expect_eq(judge_unserved(&o->roles[1], SYMPTOM_WRONG_OUTPUT, &t), SYMPTOM_DOWN);
	cr_expect_str_eq(t.property, "no-starvation");
	free(o);
}

static void broken_add(uint32_t site, const char *call, uint32_t stall_call)
{
	struct candidate *c = &sweep->candidates[sweep->n_candidates];
	struct trial *t = &sweep->trials[sweep->n_candidates++];

	c->site = site;
	c->stall_call = stall_call;
	text_copy(c->call, sizeof(c->call), call);
	text_copy(c->label, sizeof(c->label), "pause: for good");
	t->state = TRIAL_DONE;
	t->result = RESULT_BROKEN;
	t->symptom = SYMPTOM_HANG;
}

/* Stopped here or there, it is waited for at one place: one finding, and no place of the three has handled it. */
Test(stalls, are_one_finding_and_many_places)
{
	struct cover_row *rows;
	uint32_t n_broken = 0;
	size_t n;

	broken_add(0, "connect", 1);
	broken_add(1, "send", 1);
	broken_add(2, "send", 0);
	sweep->n_sites = 3;
	sweep->n_findings = 1;
	sweep->findings[0].candidate = 0;
	n = coverage_rows(sweep, &rows);
	cr_assert_eq(n, 3);
	for (size_t i = 0; i < n; i++)
		n_broken += rows[i].state == COVER_BROKEN;
	cr_expect_eq(n_broken, 2, "what did not come back, and is no stall, is no proof");
	free(rows);
}
