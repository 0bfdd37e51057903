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
