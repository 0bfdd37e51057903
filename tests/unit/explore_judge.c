/* SPDX-License-Identifier: MIT */
/* What is a finding and what is not: outcomes made by hand, judged against a fault-free one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/model/call.h"
#include "core/base/banned.h"

enum { SERVER, CLIENT, PROBE };

static struct sweep *sweep;
static struct scenario *scenario;
static struct outcome *now;

static void output_set(struct output *o, const char *text)
{
	o->length = o->kept = (uint32_t)strlen(text);
	o->hash = 0;
	for (const char *c = text; *c; c++)
		o->hash = o->hash * 31 + (unsigned char)*c;
	text_copy(o->text, sizeof(o->text), text);
}

static void role_set(struct role_outcome *r, const char *name, bool service, const char *out)
{
	text_copy(r->name, sizeof(r->name), name);
	r->service = service;
	r->driver = !service;
	r->ended = ENDED_EXIT;
	r->status = 0;
	r->started = r->ready = r->hello = true;
	r->fds_at_end = service ? 5 : -1;
	r->threads_at_end = service ? 1 : 0;
	output_set(&r->out, out);
}

static void outcome_set(struct outcome *o, bool probed)
{
	memset(o, 0, sizeof(*o));
	o->end = RUN_DONE;
	o->n_roles = probed ? 3 : 2;
	o->n_calls = 100;
	role_set(&o->roles[SERVER], "server", true, "listening\n");
	role_set(&o->roles[CLIENT], "client", false, "one\ntwo\n");
	if (probed)
		role_set(&o->roles[PROBE], "client~probe", false, "one\ntwo\n");
}

static void setup(void)
{
	sweep = mmap(NULL, sizeof(*sweep), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(sweep, MAP_FAILED);
	scenario = scenario_new();
	sweep->scenario = scenario;
	now = mem_new(sizeof(*now));
	outcome_set(&sweep->baseline.outcome, false);
	outcome_set(&sweep->baseline.probed, true);
	sweep->baseline.files_steady = true;
	sweep->baseline.n_calls = 100;
}

static void teardown(void)
{
	scenario_free(scenario);
	free(now);
	munmap(sweep, sizeof(*sweep));
}

TestSuite(judge, .init = setup, .fini = teardown);

static struct candidate transparent(void)
{
	return (struct candidate){ .process = "server", .peer = "client", .call = "read", .grade = GRADE_TRANSPARENT,
				   .of_service = true, .fault = { .action = ACT_INTERRUPT, .times = 1 } };
}

static struct candidate disruptive(const char *process, const char *peer, uint32_t action)
{
	struct candidate c = { .call = "read", .grade = GRADE_DISRUPTIVE, .kills = action == ACT_KILL,
		.of_service = strcmp(process, "server") == 0, .fault = { .action = action, .times = 1 } };

	text_copy(c.process, sizeof(c.process), process);
	text_copy(c.peer, sizeof(c.peer), peer);
	return c;
}

static enum symptom judged(struct candidate c)
{
	struct trial t = { .result = RESULT_HANDLED };

	return judge(sweep, &c, now, &t);
}

Test(judge, the_same_is_no_finding)
{
	outcome_set(now, false);
	cr_expect_eq(judged(transparent()), SYMPTOM_NONE);
	outcome_set(now, true);
	cr_expect_eq(judged(disruptive("server", "client", ACT_RESET)), SYMPTOM_NONE);
}

Test(judge, a_transparent_fault_may_change_nothing)
{
	outcome_set(now, false);
	output_set(&now->roles[CLIENT].out, "one\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_WRONG_OUTPUT);
	outcome_set(now, false);
	now->roles[CLIENT].status = 1;
	cr_expect_eq(judged(transparent()), SYMPTOM_UNCLEAN_EXIT);
	outcome_set(now, false);
	now->files_hash = 7;
	cr_expect_eq(judged(transparent()), SYMPTOM_WRONG_OUTPUT);
}

static void waits(struct waiter *w, const char *process, uint32_t role, const char *call)
{
	*w = (struct waiter){ .role = role, .call = (uint32_t)call_find(call) + 1 };
	text_copy(w->process, sizeof(w->process), process);
}

Test(judge, who_goes_in_circles_is_the_one_that_does)
{
	struct candidate c = transparent();
	struct trial t = { .result = RESULT_HANDLED };

	outcome_set(now, false);
	now->end = RUN_SPUN;
	waits(&now->waiters[now->n_waiters++], "server", SERVER, "poll");
	text_copy(now->spinner, sizeof(now->spinner), "client.1");
	cr_expect(judge(sweep, &c, now, &t) == SYMPTOM_BUSY_LOOP && !strcmp(t.role, "client.1"));
}

/* A shell that waits for its command says nothing of what the command waits for. */
Test(judge, who_hangs_is_the_one_that_waits_for_others)
{
	struct trial t = { .result = RESULT_HANDLED };
	struct candidate c = transparent();

	outcome_set(now, false);
	now->end = RUN_HUNG;
	now->n_waiters = 3;
	waits(&now->waiters[0], "server", SERVER, "accept");
	waits(&now->waiters[1], "client", CLIENT, "wait4");
	waits(&now->waiters[2], "client.1", CLIENT, "read");
	cr_expect_eq(judge(sweep, &c, now, &t), SYMPTOM_HANG);
	cr_expect_str_eq(t.role, "client.1");
	now->n_waiters = 2;
	cr_expect_eq(judge(sweep, &c, now, &t), SYMPTOM_HANG);
	cr_expect_str_eq(t.role, "client");
}

/* Half of what a dead child was to deliver, given out as if it were all. */
Test(judge, who_lost_a_child_has_to_say_so)
{
	outcome_set(now, true);
	output_set(&now->roles[CLIENT].out, "one\n");
	cr_expect_eq(judged(disruptive("client.1", "", ACT_KILL)), SYMPTOM_WRONG_OUTPUT);
	now->roles[CLIENT].status = 1;
	cr_expect_eq(judged(disruptive("client.1", "", ACT_KILL)), SYMPTOM_NONE);
	now->roles[CLIENT].ended = ENDED_SIGNAL;
	now->roles[CLIENT].status = SIGKILL;
	cr_expect_eq(judged(disruptive("client", "", ACT_KILL)), SYMPTOM_NONE, "killed itself, it says nothing");
}

Test(judge, lines_in_any_order_if_they_vary_anyway)
{
	outcome_set(now, false);
	output_set(&now->roles[CLIENT].out, "two\none\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_WRONG_OUTPUT);
	sweep->baseline.out[CLIENT] = STEADY_LINES;
	cr_expect_eq(judged(transparent()), SYMPTOM_NONE);
	output_set(&now->roles[CLIENT].out, "two\ntwo\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_WRONG_OUTPUT);
	sweep->baseline.out[CLIENT] = UNSTEADY;
	cr_expect_eq(judged(transparent()), SYMPTOM_NONE);
}

Test(judge, the_struck_conversation_may_fail_if_it_says_so)
{
	outcome_set(now, true);
	now->roles[CLIENT].status = 1;
	output_set(&now->roles[CLIENT].out, "one\n");
	output_set(&now->roles[CLIENT].err, "client: connection reset\n");
	cr_expect_eq(judged(disruptive("server", "client", ACT_RESET)), SYMPTOM_NONE);
	/* … but exit status 0 with half an output is a lie. */
	now->roles[CLIENT].status = 0;
	cr_expect_eq(judged(disruptive("server", "client", ACT_RESET)), SYMPTOM_WRONG_OUTPUT);
}

/* The peer of an end of file has closed: it could not have printed anything after it. */
Test(judge, the_peer_of_an_end_of_file_is_not_there_to_be_asked)
{
	outcome_set(now, true);
	output_set(&now->roles[CLIENT].out, "0 bytes\n");
	cr_expect_eq(judged(disruptive("server", "client", ACT_EOF)), SYMPTOM_NONE);
	cr_expect_eq(judged(disruptive("client", "server", ACT_EOF)), SYMPTOM_WRONG_OUTPUT);
}

Test(judge, one_doubled_datagram_does_not_double_all_others)
{
	struct candidate c = disruptive("server", "client", ACT_DUPLICATE);

	c.grade = GRADE_NETWORK;
	sweep->baseline.probed.n_calls = 200;
	outcome_set(now, true);
	now->n_calls = 220;
	cr_expect_eq(judged(c), SYMPTOM_NONE);
	now->n_calls = 300;
	cr_expect_eq(judged(c), SYMPTOM_AMPLIFIED);
}

Test(judge, other_clients_are_served)
{
	outcome_set(now, true);
	now->roles[CLIENT].status = 1;
	cr_expect_neq(judged(disruptive("server", "client/2", ACT_RESET)), SYMPTOM_NONE);
}

Test(judge, the_service_goes_on)
{
	outcome_set(now, true);
	now->roles[SERVER].ended = ENDED_SIGNAL;
	now->roles[SERVER].status = SIGPIPE;
	cr_expect_eq(judged(disruptive("client", "server", ACT_KILL)), SYMPTOM_DOWN);
	outcome_set(now, true);
	now->roles[SERVER].status = 1;
	cr_expect_eq(judged(disruptive("client", "server", ACT_KILL)), SYMPTOM_DOWN);
	outcome_set(now, true);
	now->roles[PROBE].status = 1;
	output_set(&now->roles[PROBE].out, "");
	cr_expect_eq(judged(disruptive("client", "server", ACT_KILL)), SYMPTOM_DOWN);
}

Test(judge, a_killed_service_owes_nothing)
{
	outcome_set(now, false);
	now->roles[SERVER].ended = ENDED_BY_FAULT;
	now->roles[SERVER].status = SIGKILL;
	now->roles[CLIENT].status = 1;
	output_set(&now->roles[CLIENT].err, "client: server hung up\n");
	cr_expect_eq(judged(disruptive("server", "client", ACT_KILL)), SYMPTOM_NONE);
}

Test(judge, ends_that_nobody_wants)
{
	outcome_set(now, false);
	now->end = RUN_HUNG;
	cr_expect_eq(judged(transparent()), SYMPTOM_HANG);
	now->end = RUN_TIMEOUT;
	cr_expect_eq(judged(transparent()), SYMPTOM_HANG);
	now->end = RUN_SPUN;
	cr_expect_eq(judged(transparent()), SYMPTOM_BUSY_LOOP);
	outcome_set(now, false);
	now->roles[CLIENT].ended = ENDED_SIGNAL;
	now->roles[CLIENT].status = SIGSEGV;
	cr_expect_eq(judged(transparent()), SYMPTOM_CRASH);
}

Test(judge, what_is_left)
{
	outcome_set(now, true);
	now->roles[SERVER].fds_at_end = 6;
	cr_expect_eq(judged(disruptive("client", "server", ACT_KILL)), SYMPTOM_LEAK);
	outcome_set(now, true);
	now->n_left = 1;
	now->left[0].kind = LEFT_FD;
	cr_expect_eq(judged(disruptive("client", "server", ACT_RESET)), SYMPTOM_LEAK);
	now->left[0].kind = LEFT_SOCKET;
	cr_expect_eq(judged(disruptive("client", "server", ACT_RESET)), SYMPTOM_LEFTOVER);
	now->left[0].excused = true;
	cr_expect_eq(judged(disruptive("client", "server", ACT_RESET)), SYMPTOM_NONE);
}

Test(judge, benign_by_the_users_word)
{
	scenario->expects[0] = (struct expect){
		.property = mem_dup("same-output"), .benign = mem_dup("prints the time")
	};
	scenario->n_expects = 1;
	outcome_set(now, false);
	output_set(&now->roles[CLIENT].out, "one\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_NONE);
}

Test(judge, a_lasting_fault_is_not_asked_for_liveness)
{
	struct candidate c = disruptive("server", "", ACT_FAIL);

	c.lasting = true;
	outcome_set(now, false);
	now->end = RUN_TIMEOUT;
	cr_expect_eq(judged(c), SYMPTOM_NONE);
	now->end = RUN_SPUN;
	cr_expect_eq(judged(c), SYMPTOM_BUSY_LOOP);
}

/* A transfer of ten blocks, of which those from `from` on go out twice. */
static enum symptom judge_transfer(uint64_t from, uint32_t repeated_before)
{
	static struct history_proc server = { .name = "server" };
	static struct channel udp = { .kind = OBJ_UDP };
	struct candidate c = disruptive("client", "server", ACT_DUPLICATE);
	struct history h = { .procs = &server, .n_procs = 1, .channels = &udp, .n_channels = 1 };
	struct trial t = { .result = RESULT_HANDLED };
	enum symptom symptom;

	h.events = mem_new(20 * sizeof(*h.events));
	for (uint64_t i = 1; i <= 10; i++)
		for (int times = i < from ? 1 : 2; times > 0; times--) {
			h.events[h.n_events].e = (struct event){ .kind = EV_CALL, .call = (uint16_t)call_find("send"),
								 .tid = 7, .result = 516, .hash = i };
			h.events[h.n_events++].channel = 1;
		}
	sweep->baseline.repeats = (struct repeats){ .n = repeated_before, .most = 1 };
	cr_assert(wants_history(sweep, &c));
	symptom = judge_history(sweep, &c, now, &h, &t);
	free(h.events);
	return symptom;
}

Test(judge, a_datagram_that_came_twice_may_be_answered_twice_but_not_all_that_follow)
{
	cr_assert_eq(judge_transfer(1, 0), SYMPTOM_AMPLIFIED);
	cr_assert_eq(judge_transfer(9, 0), SYMPTOM_NONE);
	cr_assert_eq(judge_transfer(1, 10), SYMPTOM_NONE, "it does so without the fault");
}

Test(judge, what_a_probe_says_again_is_not_doubled)
{
	static struct history_proc procs[] = { { .name = "server" }, { .name = "client", .role = CLIENT },
					       { .name = "client", .role = CLIENT } };
	static struct channel udp = { .kind = OBJ_UDP };
	struct candidate c = disruptive("client", "server", ACT_DUPLICATE);
	struct history h = { .procs = procs, .n_procs = 3, .channels = &udp, .n_channels = 1 };
	struct trial t = { .result = RESULT_HANDLED };

	h.events = mem_new(40 * sizeof(*h.events));
	/* Ten questions of the client, then the same ten of its probe, and always the same answers. */
	for (uint32_t i = 0; i < 40; i++) {
		h.events[i].e = (struct event){ .kind = EV_CALL, .call = (uint16_t)call_find("send"), .tid = 7,
						.result = 12, .hash = i / 2 % 10 + 1 };
		h.events[i].channel = 1;
		h.events[i].proc = i % 2 ? 0 : i < 20 ? 1 : 2;
	}
	h.n_events = 40;
	sweep->baseline.repeats = (struct repeats){ .n = 0, .most = 1 };
	cr_expect_eq(judge_history(sweep, &c, now, &h, &t), SYMPTOM_NONE);
	procs[2].parent = 2;	/* not the harness started it */
	cr_expect_eq(judge_history(sweep, &c, now, &h, &t), SYMPTOM_AMPLIFIED);
	free(h.events);
}

/* The client has sent the same request `times`, has ended with `status`, and so many were lost. */
static enum symptom judge_request(int times, int status, uint32_t lost)
{
	static struct history_proc client = { .name = "client", .role = CLIENT };
	static struct channel udp = { .kind = OBJ_UDP };
	struct candidate c = disruptive("server", "client", ACT_DROP);
	struct history h = { .procs = &client, .n_procs = 1, .channels = &udp, .n_channels = 1 };
	struct trial t = { .result = RESULT_HANDLED };
	enum symptom symptom;

	c.fault.times = lost;
	outcome_set(now, false);
	now->roles[CLIENT].ended = ENDED_EXIT;
	now->roles[CLIENT].status = status;
	sweep->baseline.repeats = (struct repeats){ .n = 0, .most = 1 };
	h.events = mem_new((size_t)times * sizeof(*h.events));
	for (int i = 0; i < times; i++) {
		h.events[i].e = (struct event){ .kind = EV_CALL, .call = (uint16_t)call_find("send"), .tid = 7,
						.result = 4, .hash = 99 };
		h.events[i].channel = 1;
	}
	h.n_events = (size_t)times;
	cr_assert(wants_history(sweep, &c));
	symptom = judge_history(sweep, &c, now, &h, &t);
	free(h.events);
	return symptom;
}

Test(judge, who_asks_again_after_a_loss_gets_an_answer)
{
	cr_assert_eq(judge_request(1, 1, 1), SYMPTOM_NONE, "it does not ask again, and says so");
	cr_assert_eq(judge_request(6, 1, 1), SYMPTOM_WRONG_OUTPUT);
	cr_assert_eq(judge_request(6, 0, 1), SYMPTOM_NONE);
	cr_assert_eq(judge_request(5, 1, 3), SYMPTOM_NONE, "most of them were lost");
	cr_assert_eq(judge_request(6, 1, 3), SYMPTOM_WRONG_OUTPUT);
}

Test(judge, what_a_service_prints_is_compared_however_it_is_stopped)
{
	sweep->baseline.outcome.roles[SERVER].ended = ENDED_BY_STOP;
	output_set(&sweep->baseline.outcome.roles[SERVER].out, "listening\n1 served\n2 served\n");
	outcome_set(now, false);
	now->roles[SERVER].ended = ENDED_BY_STOP;
	output_set(&now->roles[SERVER].out, "listening\n2 served\n1 served\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_NONE, "the order of two clients is nobody's promise");
	output_set(&now->roles[SERVER].out, "listening\n1 served\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_WRONG_OUTPUT);
}

Test(judge, what_another_order_of_the_drivers_changes_is_no_finding)
{
	outcome_set(now, false);
	output_set(&now->roles[CLIENT].out, "ticket 2\n");
	cr_expect_eq(judged(transparent()), SYMPTOM_WRONG_OUTPUT);
	baseline_learn_order(&sweep->baseline, now);
	cr_expect_eq(judged(transparent()), SYMPTOM_NONE);
}

Test(judge, a_service_that_ends_badly_when_it_is_stopped_is_mentioned)
{
	sweep->baseline.outcome.roles[SERVER].status = 3;
	cr_assert(baseline_sound(&sweep->baseline, scenario));
	cr_assert(strstr(sweep->baseline.notes, "server exits with 3 when it is stopped"), "%s", sweep->baseline.notes);
}

enum { RESTART = 2, PROBE_AFTER = 3 };

/* The server was killed and started again: the struck client failed, all that came after it went well. */
static void restarted_set(void)
{
	outcome_set(now, false);
	now->roles[SERVER].ended = ENDED_BY_FAULT;
	now->roles[SERVER].status = SIGKILL;
	now->roles[CLIENT].status = 1;
	output_set(&now->roles[CLIENT].out, "");
	role_set(&now->roles[RESTART], "server~restart", true, "listening\n");
	now->roles[RESTART].instead_of = SERVER + 1;
	role_set(&now->roles[PROBE_AFTER], "client~probe", false, "one\ntwo\n");
	now->n_roles = 4;
}

static struct trial killed(void)
{
	struct candidate c = disruptive("server", "client", ACT_KILL);
	struct trial t = { .result = RESULT_HANDLED };

	t.symptom = judge(sweep, &c, now, &t);
	return t;
}

Test(judge, who_is_started_again_and_serves_is_no_finding)
{
	restarted_set();
	cr_expect_eq(killed().symptom, SYMPTOM_NONE, "%s", killed().text);
	/* What the dead one has left is excused. */
	now->left[now->n_left++] = (struct left){ .kind = LEFT_SHM, .owner = SERVER + 1, .excused = true };
	cr_expect_eq(killed().symptom, SYMPTOM_NONE, "%s", killed().text);
}

Test(judge, who_does_not_come_up_again_is_down)
{
	struct trial t;

	restarted_set();
	now->n_roles = PROBE_AFTER;
	now->roles[RESTART].ready = false;
	now->roles[RESTART].status = 1;
	output_set(&now->roles[RESTART].err, "bind: Address already in use\n");
	t = killed();
	cr_expect_eq(t.symptom, SYMPTOM_DOWN);
	cr_expect_str_eq(t.role, "server~restart");
	cr_expect_not_null(strstr(t.text, "server, started again, ends with exit status 1 before it is ready: bind"));
}

Test(judge, who_hangs_when_started_again_is_down)
{
	struct trial t;

	restarted_set();
	now->end = RUN_HUNG;
	t = killed();
	cr_expect_eq(t.symptom, SYMPTOM_DOWN);
	cr_expect_str_eq(t.text, "server, started again, does not answer");
	cr_expect_str_eq(t.property, "no-hang");
	now->roles[RESTART].ready = false;
	t = killed();
	cr_expect_eq(t.symptom, SYMPTOM_DOWN);
	cr_expect_str_eq(t.text, "server, started again, does not become ready");
}

Test(judge, who_crashes_when_started_again_is_down)
{
	struct trial t;

	restarted_set();
	now->roles[RESTART].ended = ENDED_SIGNAL;
	now->roles[RESTART].status = SIGBUS;
	t = killed();
	cr_expect_eq(t.symptom, SYMPTOM_DOWN);
	cr_expect_str_eq(t.text, "server, started again, is killed by SIGBUS");
	cr_expect_str_eq(t.property, "no-crash");
}

Test(judge, a_probe_that_a_restart_does_not_serve_is_a_finding)
{
	struct trial t;

	restarted_set();
	now->roles[PROBE_AFTER].status = 1;
	t = killed();
	cr_expect_eq(t.symptom, SYMPTOM_DOWN);
	cr_expect_not_null(strstr(t.text, "with server started again, client~probe ends with exit status 1"));
	restarted_set();
	output_set(&now->roles[PROBE_AFTER].out, "one\none\n");
	cr_expect_eq(killed().symptom, SYMPTOM_WRONG_OUTPUT);
	/* Without a restart nobody was there to serve it. */
	now->roles[RESTART] = now->roles[PROBE_AFTER];
	now->n_roles = PROBE_AFTER;
	cr_expect_eq(killed().symptom, SYMPTOM_NONE);
}

Test(judge, a_restart_is_stopped_as_the_first_was)
{
	restarted_set();
	now->roles[RESTART].status = 3;
	cr_expect_eq(killed().symptom, SYMPTOM_DOWN);
	now->roles[RESTART].ended = ENDED_BY_HARNESS;
	now->roles[RESTART].status = SIGKILL;
	cr_expect_eq(killed().symptom, SYMPTOM_HANG);
}

Test(judge, what_a_restart_leaves_is_its_own)
{
	struct trial t;

	restarted_set();
	now->left[now->n_left++] = (struct left){ .kind = LEFT_SOCKET, .owner = RESTART + 1, .text = "socket file s" };
	t = killed();
	cr_expect_eq(t.symptom, SYMPTOM_LEFTOVER);
	cr_expect_str_eq(t.property, "no-leftovers");
	now->left[0].owner = CLIENT + 1;
	cr_expect_eq(killed().symptom, SYMPTOM_NONE, "%s", killed().text);
	now->n_left = 0;
	now->roles[RESTART].fds_at_end = 6;
	cr_expect_eq(killed().symptom, SYMPTOM_LEAK);
}

Test(judge, one_restart_that_fails_is_told_once)
{
	static const char role[] = "server~restart", text[] = "server, started again, does not become ready";

	cr_expect(restarts_alike(role, text, role, text) && !restarts_alike(role, text, role, "another"));
	cr_expect_not(restarts_alike("client~probe", text, "client~probe", text));
}
