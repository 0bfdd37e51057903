/* SPDX-License-Identifier: MIT */
/*
 * A wait whose time is over: the real call, with a time that has passed. What is there it takes all the same, so it
 * never says that nothing came when something had. So does a wait on a condition variable that ends for nothing: the
 * mutex is released and taken again by libc itself, which others may see, as well as a cancellation.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <time.h>

#include "faults/preload/rows.h"

/* The time that is waited, as an argument: absolute ones have passed, and others are none. */
static int time_argument(const struct inv *v)
{
	switch (v->shape) {
	case SH_COND_TIMED:
		return v->row == ROW_pthread_cond_clockwait ? 3 : 2;
	case SH_SEM_TIMED: case SH_MUTEX_TIMED:
		return v->row == ROW_sem_clockwait || v->row == ROW_pthread_mutex_clocklock ? 2 : 1;
	case SH_SIGWAIT_TIMED:
		return 2;
	case SH_SEMOP_TIMED: case SH_FUTEX:
		return 3;
	case SH_BUF_IN_TIMED: case SH_BUF_OUT_TIMED:
		return 4;
	default:
		return -1;
	}
}

bool waits_for_time(const struct inv *v)
{
	int at = time_argument(v);

	return at >= 0 && v->a[at];
}

static const struct timespec passed = { 0, 0 };

bool futex_would_wait(const struct inv *v)
{
	return __atomic_load_n((const uint32_t *)v->a[0], __ATOMIC_SEQ_CST) == (uint32_t)v->a[2];
}

bool waits_on_condition(const struct inv *v)
{
	return v->shape == SH_COND_TIMED || v->row == ROW_pthread_cond_wait || v->shape == SH_FUTEX;
}

/* Who looks at its word once more finds it as it was. */
static enum refusal futex_wake_for_nothing(struct inv *v)
{
	if (!futex_would_wait(v))
		return REFUSED_READY;
	v->skip = true;
	v->result = 0;
	return REFUSED_NOT;
}

static enum refusal condition_wake_for_nothing(struct inv *v)
{
	uint32_t row = v->row == ROW_pthread_cond_wait ? ROW_pthread_cond_timedwait : v->row;
	long time = (long)&passed;
	int error = (int)(v->row == ROW_pthread_cond_clockwait ?
		real_of(row)(v->a[0], v->a[1], v->a[2], time, 0, 0, 0) :
		real_of(row)(v->a[0], v->a[1], time, 0, 0, 0, 0));

	v->skip = true;
	v->result = error == ETIMEDOUT ? 0 : error;
	return error ? REFUSED_NOT : REFUSED_READY;
}

enum refusal wake_for_nothing(struct inv *v)
{
	if (v->shape == SH_FUTEX)
		return futex_wake_for_nothing(v);
	return condition_wake_for_nothing(v);
}

enum refusal overdue(struct inv *v)
{
	int at = time_argument(v), error;
	long given = v->a[at];

	v->a[at] = (long)&passed;
	v->result = call_real(v);
	error = v->result_kind == RES_E ? (int)v->result : v->result == -1 ? errno : 0;
	v->a[at] = given;
	v->skip = true;
	v->error = v->result_kind == RES_E ? 0 : error;
	return error == ETIMEDOUT || (error == EAGAIN && v->shape != SH_FUTEX) ? REFUSED_NOT : REFUSED_READY;
}
