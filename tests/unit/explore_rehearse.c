/* SPDX-License-Identifier: MIT */
/* What was made again while the sweep still waited: when it counts as confirmed. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/str.h"
#include "core/explore/internal.h"
#include "core/base/banned.h"

enum { REHEARSED = 7, OTHER = 8, ALIKE = 4 };

static struct sweep *sweep;

static void setup(void)
{
	sweep = mmap(NULL, sizeof(*sweep), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(sweep, MAP_FAILED);
}

static void teardown(void)
{
	munmap(sweep, sizeof(*sweep));
}

TestSuite(rehearse, .init = setup, .fini = teardown);

static void rehearsed(uint32_t tried, uint32_t hung)
{
	struct finding *f = &sweep->rehearsals[sweep->n_rehearsals++].finding;

	f->candidate = REHEARSED;
	f->symptom = SYMPTOM_HANG;
	atomic_store(&f->tried, tried);
	atomic_store(&f->seen[SYMPTOM_HANG], hung);
	text_copy(f->text, sizeof(f->text), "seen again");
}

static bool adopted(uint32_t candidate, enum symptom symptom)
{
	struct finding f = { .candidate = candidate, .symptom = symptom, .n_alike = ALIKE };
	bool yes = rehearsal_adopt(sweep, &f);

	cr_expect_eq(f.candidate, candidate);
	cr_expect_eq(f.symptom, symptom);
	cr_expect_eq(f.n_alike, ALIKE);
	cr_expect_eq(strcmp(f.text, "seen again") == 0, yes);
	cr_expect_eq(finding_reproduced(&f), yes ? CONFIRMATIONS : 0);
	return yes;
}

Test(rehearse, what_came_back_each_time_is_confirmed)
{
	cr_expect_not(adopted(REHEARSED, SYMPTOM_HANG), "nothing was rehearsed");
	rehearsed(CONFIRMATIONS, CONFIRMATIONS);
	cr_expect(adopted(REHEARSED, SYMPTOM_HANG));
}

Test(rehearse, another_fault_or_symptom_is_not)
{
	rehearsed(CONFIRMATIONS, CONFIRMATIONS);
	cr_expect_not(adopted(OTHER, SYMPTOM_HANG));
	cr_expect_not(adopted(REHEARSED, SYMPTOM_DOWN));
}

Test(rehearse, what_was_cut_short_or_came_back_now_and_then_is_tried_anew)
{
	rehearsed(CONFIRMATIONS, CONFIRMATIONS - 1);
	rehearsed(CONFIRMATIONS - 1, CONFIRMATIONS - 1);
	cr_expect_not(adopted(REHEARSED, SYMPTOM_HANG));
}

/* What runs since, or took, so long. */
static void trial_is(uint32_t index, uint32_t rank, enum trial_state state, enum trial_result result, int64_t ns)
{
	struct candidate *c = &sweep->candidates[index];
	struct trial *t = &sweep->trials[index];

	if (index >= sweep->n_candidates)
		sweep->n_candidates = index + 1;
	c->rank = rank;
	c->fault.times = 1;
	text_copy(c->label, sizeof(c->label), "kill: self");
	text_copy(c->call, sizeof(c->call), "read");
	t->result = result;
	t->duration_ns = ns;
	atomic_store(&t->run_ns, 0);
	atomic_store(&t->state, state);
}

static int next(bool idle, int64_t now_ns)
{
	uint32_t candidate;

	if (!rehearsal_next(sweep, idle, now_ns, &candidate))
		return -1;
	sweep->rehearsals[sweep->n_rehearsals++].finding.candidate = candidate;
	return (int)candidate;
}

#define SECOND_NS 1000000000

Test(rehearse, a_long_run_that_broke_is_made_again_at_once)
{
	trial_is(0, 1, TRIAL_DONE, RESULT_BROKEN, 2 * (int64_t)SECOND_NS);
	cr_expect_eq(next(false, 0), 0);
	cr_expect_eq(next(false, 0), -1, "once");
	trial_is(1, 2, TRIAL_DONE, RESULT_BROKEN, 2 * (int64_t)SECOND_NS);
	cr_expect_eq(next(true, 0), -1, "another stands for it");
}

Test(rehearse, what_is_short_or_ended_well_is_not)
{
	trial_is(0, 1, TRIAL_DONE, RESULT_BROKEN, SECOND_NS / 4);
	trial_is(1, 2, TRIAL_DONE, RESULT_HANDLED, 3 * (int64_t)SECOND_NS);
	cr_expect_eq(next(true, 0), -1);
}

Test(rehearse, what_still_runs_is_made_again_when_nothing_else_is_to_be_done)
{
	trial_is(0, 1, TRIAL_RUNNING, RESULT_HANDLED, 0);
	trial_is(1, 2, TRIAL_RUNNING, RESULT_HANDLED, 0);
	trial_is(2, 3, TRIAL_RUNNING, RESULT_HANDLED, 0);
	cr_expect_eq(next(false, 2 * (int64_t)SECOND_NS), -1);
	cr_expect_eq(next(true, SECOND_NS / 2), -1, "too early");
	cr_expect_eq(next(true, 2 * (int64_t)SECOND_NS), 0);
	cr_expect_eq(next(true, 2 * (int64_t)SECOND_NS), 1, "the first may end well");
	cr_expect_eq(next(true, 2 * (int64_t)SECOND_NS), -1);
	atomic_store(&sweep->trials[0].state, TRIAL_DONE);
	cr_expect_eq(next(true, 2 * (int64_t)SECOND_NS), 2, "it has");
}
