/* SPDX-License-Identifier: MIT */
/* Boxes as the explorer uses them: one scenario, many runs, by exec and by fork, clean in between. */
#include "core/run/run.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/history/history.h"
#include "core/model/plan.h"
#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

enum { RUNS = 20 };

/* What the box saw, for the test outside. */
struct shared {
	int error;
	char why[512];
	unsigned done;
	bool probe, restart;
	unsigned payload_from;	/* the run from which the bytes that are moved are recorded; 0: never */
	int64_t timeout_ns, quiet_ns;
	unsigned n_runs;	/* 0: RUNS */
	struct outcome runs[RUNS];
	uint64_t n_events[RUNS], n_modules[RUNS], n_text[RUNS];
	char program[MODULE_PATH]; /* the first module of the last run */
	uint32_t fired[RUNS];
};

struct test {
	struct shared *shared;
	struct scenario *scenario;
};

static struct role *role_add(struct scenario *s, const char *name, const char *const *args)
{
	struct role *r = &s->roles[s->n_roles++];
	size_t n = 0;

	while (args[n])
		n++;
	*r = (struct role){ .count = 1, .limits = { -1, -1, -1, -1, -1, -1 } };
	r->name = strdup(name);
	r->directory = strdup("/");
	r->run = calloc(n + 2, sizeof(*r->run));
	r->run[0] = test_program("target");
	for (size_t i = 0; i < n; i++)
		r->run[i + 1] = strdup(args[i]);
	r->env = calloc(1, sizeof(*r->env));
	return r;
}

static struct test test_new(void)
{
	struct test t;

	t.shared = mmap(NULL, sizeof(*t.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(t.shared, MAP_FAILED);
	t.scenario = scenario_new();
	return t;
}

static void test_free(struct test *t)
{
	munmap(t->shared, sizeof(*t->shared));
	scenario_free(t->scenario);
}

static int work(struct box *box, void *data)
{
	const struct test *t = data;
	struct shared *x = t->shared;
	struct run_options options = { .probe = x->probe, .restart = x->restart, .timeout_ns = x->timeout_ns,
				       .quiet_ns = x->quiet_ns };

	x->error = run_prepare(box, t->scenario, x->why, sizeof(x->why));
	for (unsigned i = 0; i < (x->n_runs ? x->n_runs : RUNS) && !x->error; i++) {
		struct history h;

		plan_fill(box_arena(box), t->scenario);
		box_arena(box)->payload = x->payload_from && i >= x->payload_from ? 8 : 0;
		x->error = run_once(box, &options, &x->runs[i]);
		if (x->error || history_read(box_arena(box), &h))
			break;
		x->n_events[i] = h.n_events;
		x->n_modules[i] = h.n_modules;
		x->n_text[i] = h.n_text;
		text_copy(x->program, sizeof(x->program), h.n_modules ? h.modules[0].path : "");
		x->fired[i] = arena_plan(box_arena(box))->state[0].fired;
		history_fini(&h);
		x->done++;
	}
	return 42;
}

static void run_box(struct test *t, bool zygotes)
{
	struct box_options options = {
		.library = getenv("SABOT_LIB"),
		.cpu = -1,
		.zygotes = zygotes,
		.time_scale = 1,
	};
	int pid, status;

	cr_assert_eq(box_start(&options, work, t, &pid), 0);
	cr_assert_eq(box_wait(pid, &status), 0);
	cr_assert_eq(status, 42);
}

static void pair_add(struct scenario *s)
{
	role_add(s, "server", (const char *[]){ "serve", "${TMP}/s", NULL })->stop = SIGTERM;
	role_add(s, "client", (const char *[]){ "ask", "${TMP}/s", NULL })->driver = true;
	s->roles[s->n_roles - 1].after = strdup("server");
}

static void assert_pair(const struct outcome *o)
{
	cr_assert_eq(o->end, RUN_DONE, "%s", o->why);
	cr_assert_eq(o->n_left, 0u, "%s", o->left[0].text);
	cr_assert(o->roles[0].hello && o->roles[1].hello && o->roles[0].ready);
	cr_assert_eq(o->roles[0].ended, ENDED_EXIT);
	cr_assert_eq(o->roles[0].status, 0);
	cr_assert_str_eq(o->roles[0].out.text, "ready\nserved\n");
	cr_assert_str_eq(o->roles[1].out.text, "answer of 8 bytes\n");
	cr_assert(o->seen_all_events);
}

static void pair_many_times(bool zygotes)
{
	struct test t = test_new();
	char real[PATH_MAX], *program;

	pair_add(t.scenario);
	run_box(&t, zygotes);
	cr_assert_eq(t.shared->error, 0, "%s", t.shared->why);
	cr_assert_eq(t.shared->done, RUNS);
	for (unsigned i = 0; i < RUNS; i++) {
		assert_pair(&t.shared->runs[i]);
		cr_assert_gt(t.shared->n_events[i], 5u);
		cr_assert_gt(t.shared->n_modules[i], 2u);
		cr_assert_eq(t.shared->n_modules[i], t.shared->n_modules[0], "run %u knows %u modules, not %u", i,
			(unsigned)t.shared->n_modules[i], (unsigned)t.shared->n_modules[0]);
		cr_assert_eq(t.shared->runs[i].roles[1].out.hash, t.shared->runs[0].roles[1].out.hash);
	}
	program = test_program("target");
	cr_assert(realpath(program, real));
	cr_assert_str_eq(t.shared->program, real);
	free(program);
	test_free(&t);
}

Test(box, runs_by_exec)
{
	pair_many_times(false);
}

Test(box, runs_by_fork)
{
	pair_many_times(true);
}

/* Its memory is lent from run to run: each finds it as a fresh process does, or else has one of its own. */
Test(box, what_a_run_does_to_its_memory_is_put_back)
{
	static const char *const modes[] = { "", "size", "threads", "first", "unmap", "close" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct test t = test_new();
		struct role *r = role_add(t.scenario, "main", (const char *[]){ modes[i], NULL });

		free(r->run[0]);
		r->run[0] = test_program("untidy");
		r->driver = true;
		run_box(&t, true);
		cr_assert_eq(t.shared->error, 0, "%s: %s", modes[i], t.shared->why);
		cr_assert_eq(t.shared->done, RUNS);
		for (unsigned k = 0; k < RUNS; k++) {
			const struct role_outcome *o = &t.shared->runs[k].roles[0];

			cr_assert_eq(o->ended, ENDED_EXIT, "%s, run %u: %s", modes[i], k, o->err.text);
			cr_assert_eq(o->status, 0, "%s, run %u: status %d %s", modes[i], k, o->status, o->err.text);
			cr_assert_not_null(strstr(o->out.text, "fresh\n"));
			cr_assert_str_eq(o->out.text, t.shared->runs[0].roles[0].out.text, "%s", modes[i]);
		}
		test_free(&t);
	}
}

Test(box, what_is_recorded_beside_a_call_is_no_call)
{
	struct test t = test_new();

	pair_add(t.scenario);
	t.shared->n_runs = 2;
	t.shared->payload_from = 1;
	run_box(&t, true);
	cr_assert_eq(t.shared->done, 2u, "%s", t.shared->why);
	cr_assert_gt(t.shared->n_text[1], t.shared->n_text[0], "no bytes were recorded");
	cr_assert_eq(t.shared->runs[1].n_calls, t.shared->runs[0].n_calls);
	test_free(&t);
}

static void fault_add(struct scenario *s, const char *in, const char *at, uint32_t action)
{
	struct plan_fault *f = &s->faults[s->n_faults++];

	*f = (struct plan_fault){ .fd = -1, .trigger = TRIG_NTH, .n = 1, .times = 1, .action = action };
	snprintf(f->where.in, sizeof(f->where.in), "%s", in);
	snprintf(f->target, sizeof(f->target), "self");
	cr_assert_eq(call_select(at, &f->where.at), 0);
}

static void client_killed_and_probed(bool zygotes)
{
	struct test t = test_new();

	pair_add(t.scenario);
	fault_add(t.scenario, "client", "receive", ACT_KILL);
	t.shared->probe = true;
	run_box(&t, zygotes);
	cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
	for (unsigned i = 0; i < RUNS; i++) {
		const struct outcome *o = &t.shared->runs[i];

		cr_assert_eq(o->end, RUN_DONE, "%s", o->why);
		cr_assert_eq(t.shared->fired[i], 1u);
		cr_assert_eq(o->roles[1].ended, ENDED_BY_FAULT);
		cr_assert_eq(o->roles[1].status, SIGKILL);
		/* The probe is the client once more; nothing strikes it. */
		cr_assert_eq(o->n_roles, 3u);
		cr_assert_str_eq(o->roles[2].name, "client~probe");
		cr_assert_eq(o->roles[2].ended, ENDED_EXIT);
		cr_assert_str_eq(o->roles[2].out.text, "answer of 8 bytes\n");
	}
	test_free(&t);
}

Test(box, a_probe_after_a_kill_by_exec)
{
	client_killed_and_probed(false);
}

Test(box, a_probe_after_a_kill_by_fork)
{
	client_killed_and_probed(true);
}

static void assert_served_after_all(const struct outcome *o)
{
	cr_assert_eq(o->end, RUN_DONE, "%s", o->why);
	/* Its note is an ordinary file. */
	for (uint32_t i = 0; i < o->n_left; i++)
		cr_assert_eq(o->left[i].kind, LEFT_FILE, "%s", o->left[i].text);
	cr_assert_eq(o->roles[0].ended, ENDED_BY_FAULT);
	cr_assert_eq(o->n_roles, 4u);
	/* A role of its own, which nothing strikes: it comes up, serves, and is stopped. */
	cr_assert_str_eq(o->roles[2].name, "server~restart");
	cr_assert_eq(o->roles[2].instead_of, 1u);
	cr_assert(o->roles[2].service && o->roles[2].ready && o->roles[2].hello);
	cr_assert_eq(o->roles[2].ended, ENDED_EXIT);
	cr_assert_eq(o->roles[2].status, 0);
	cr_assert_str_eq(o->roles[2].out.text, "ready\nserved\n");
	cr_assert_str_eq(o->roles[3].name, "client~probe");
	cr_assert_str_eq(o->roles[3].out.text, "answer of 8 bytes\n");
}

static void text_free_and_set(char **to, const char *text)
{
	free(*to);
	*to = strdup(text);
}

static void server_killed_and_restarted(bool zygotes, enum ready ready, const char *ready_text)
{
	struct test t = test_new();
	struct role *server;

	pair_add(t.scenario);
	server = &t.scenario->roles[0];
	text_free_and_set(&server->run[1], "serve-anew");
	server->restart = true;
	server->ready = ready;
	server->ready_text = ready_text ? strdup(ready_text) : NULL;
	fault_add(t.scenario, "server*", "receive", ACT_KILL);
	t.shared->restart = true;
	run_box(&t, zygotes);
	cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
	for (unsigned i = 0; i < RUNS; i++) {
		cr_assert_eq(t.shared->fired[i], 1u);
		assert_served_after_all(&t.shared->runs[i]);
	}
	test_free(&t);
}

Test(box, a_restart_after_a_kill_by_exec)
{
	server_killed_and_restarted(false, READY_BY_DEFAULT, NULL);
}

Test(box, a_restart_after_a_kill_by_fork)
{
	server_killed_and_restarted(true, READY_BY_DEFAULT, NULL);
}

Test(box, a_restart_is_ready_by_what_it_says_itself)
{
	server_killed_and_restarted(true, READY_BY_OUTPUT, "^ready");
}

/* The file that the one that was killed has left does not tell that the next one listens. */
Test(box, a_path_that_was_left_tells_nothing_of_a_restart)
{
	server_killed_and_restarted(true, READY_BY_PATH, "${TMP}/s.ready");
}

/* Nobody died, or it was not asked for: the run is as ever. */
Test(box, no_restart_without_a_death)
{
	for (int asked = 0; asked < 2; asked++) {
		struct test t = test_new();

		pair_add(t.scenario);
		t.scenario->roles[0].restart = true;
		fault_add(t.scenario, asked ? "client" : "server", "receive", ACT_KILL);
		t.shared->restart = asked;
		run_box(&t, true);
		cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
		cr_assert_eq(t.shared->runs[0].n_roles, 2u);
		cr_assert_eq(t.shared->runs[0].roles[!!asked].ended, ENDED_BY_FAULT);
		test_free(&t);
	}
}

/* Of two services the second: the place of the first's spare is not in the outcome. */
Test(box, only_who_died_is_started_again)
{
	struct test t = test_new();
	struct role *first = role_add(t.scenario, "first", (const char *[]){ "serve-anew", "${TMP}/f", NULL });

	first->stop = SIGTERM;
	first->restart = true;
	pair_add(t.scenario);
	text_free_and_set(&t.scenario->roles[1].run[1], "serve-anew");
	t.scenario->roles[1].restart = true;
	fault_add(t.scenario, "server", "receive", ACT_KILL);
	t.shared->restart = true;
	run_box(&t, true);
	cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
	for (unsigned i = 0; i < RUNS; i++) {
		const struct outcome *o = &t.shared->runs[i];

		cr_assert_eq(o->n_roles, 5u);
		cr_assert_str_eq(o->roles[0].out.text, "ready\nserved\n");
		cr_assert_str_eq(o->roles[3].name, "server~restart");
		cr_assert_eq(o->roles[3].instead_of, 2u);
		cr_assert_str_eq(o->roles[3].out.text, "ready\nserved\n");
		cr_assert_str_eq(o->roles[4].out.text, "answer of 8 bytes\n");
	}
	test_free(&t);
}

/* Nobody but the box lets it go on, and the box is not told of a stop by the one that forks. */
Test(box, a_service_that_is_paused_on_its_way_out_ends_all_the_same)
{
	struct test t = test_new();
	struct plan_fault *f;

	pair_add(t.scenario);
	fault_add(t.scenario, "server", "accept", ACT_PAUSE);
	f = &t.scenario->faults[0];
	f->n = 2;
	f->where.when = WHEN_AFTER;
	f->value = 20000000;
	run_box(&t, true);
	cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
	for (unsigned i = 0; i < RUNS; i++) {
		assert_pair(&t.shared->runs[i]);
		cr_assert_eq(t.shared->fired[i], 1u);
	}
	test_free(&t);
}

/* A run that hangs and leaves everything it can does not touch the next one. */
static void hung_and_cleaned(bool zygotes)
{
	struct test t = test_new();

	role_add(t.scenario, "main", (const char *[]){ "leave", "${TMP}", "${ID}", NULL })->driver = true;
	role_add(t.scenario, "stuck", (const char *[]){ "stuck", NULL })->driver = true;
	t.shared->timeout_ns = 20000000000;
	run_box(&t, zygotes);
	cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
	for (unsigned i = 0; i < RUNS; i++) {
		const struct outcome *o = &t.shared->runs[i];

		cr_assert_eq(o->end, RUN_HUNG, "%d %s", o->end, o->why);
		cr_assert_geq(o->n_waiters, 3u);
		cr_assert_eq(o->n_left, t.shared->runs[0].n_left);
		cr_assert_eq(o->n_files, 1u);
		cr_assert_eq(o->files_hash, t.shared->runs[0].files_hash);
		cr_assert_eq(o->roles[0].ended, ENDED_EXIT);
		cr_assert_eq(o->roles[1].ended, ENDED_BY_HARNESS);
	}
	test_free(&t);
}

Test(box, a_hang_leaves_nothing_by_exec)
{
	hung_and_cleaned(false);
}

Test(box, a_hang_leaves_nothing_by_fork)
{
	hung_and_cleaned(true);
}

/* Its timer hides that nobody will ever do anything again. */
static void ticks_in_vain(const char *driver, int64_t timeout_ns, int64_t least_ns)
{
	struct test t = test_new();

	role_add(t.scenario, "server", (const char *[]){ "tick", NULL });
	role_add(t.scenario, "main", (const char *[]){ driver, NULL })->driver = true;
	t.shared->timeout_ns = timeout_ns;
	t.shared->quiet_ns = 300000000;
	t.shared->n_runs = 2;
	run_box(&t, true);
	cr_assert_eq(t.shared->done, 2u, "%s", t.shared->why);
	cr_assert_eq(t.shared->runs[1].end, RUN_TIMEOUT, "%s", t.shared->runs[1].why);
	cr_assert_geq(t.shared->runs[1].duration_ns, least_ns);
	cr_assert_lt(t.shared->runs[1].duration_ns, 10000000000);
	test_free(&t);
}

Test(box, a_service_that_only_ticks_helps_nobody)
{
	ticks_in_vain("stuck", 20000000000, 300000000);
}

Test(box, a_driver_that_ticks_may_give_up_in_its_time)
{
	ticks_in_vain("tick", 1500000000, 1500000000);
}

static void input_is_given_anew(bool zygotes)
{
	struct test t = test_new();
	struct role *r = role_add(t.scenario, "main", (const char *[]){ "repeat", NULL });

	r->driver = true;
	r->input = strdup("two\nlines\n");
	run_box(&t, zygotes);
	cr_assert_eq(t.shared->done, RUNS, "%s", t.shared->why);
	for (unsigned i = 0; i < RUNS; i++)
		cr_assert_str_eq(t.shared->runs[i].roles[0].out.text, "two\nlines\n");
	test_free(&t);
}

Test(box, input_by_exec)
{
	input_is_given_anew(false);
}

Test(box, input_by_fork)
{
	input_is_given_anew(true);
}

Test(box, limits_are_set)
{
	struct test t = test_new();
	struct role *r = role_add(t.scenario, "main", (const char *[]){ "", NULL });

	free(r->run[0]);
	free(r->run[1]);
	r->run[0] = strdup("/bin/sh");
	r->run[1] = NULL;
	r->input = strdup("ulimit -n\n");
	r->limits.nofile = 33;
	r->driver = true;
	run_box(&t, false);
	cr_assert_str_eq(t.shared->runs[0].roles[0].out.text, "33\n");
	test_free(&t);
}

Test(box, a_program_that_is_not_there)
{
	struct test t = test_new();
	struct role *r = role_add(t.scenario, "main", (const char *[]){ "wait", NULL });

	free(r->run[0]);
	r->run[0] = strdup("./nothing");
	r->driver = true;
	run_box(&t, false);
	cr_assert_eq(t.shared->error, -ENOENT);
	cr_assert_str_eq(t.shared->why,
		"role main: cannot run ./nothing: No such file or directory (looked in /); build it first or fix run:");
	test_free(&t);
}

static _Noreturn int work_for_ever(struct box *box, void *data)
{
	(void)box;
	(void)data;
	for (;;)
		pause();
}

Test(box, stopping_one)
{
	struct box_options options = { .cpu = -1, .time_scale = 1 };
	int pid, status;

	cr_assert_eq(box_start(&options, work_for_ever, NULL, &pid), 0);
	box_stop(pid);
	cr_assert_eq(box_wait(pid, &status), -ECHILD);
}
