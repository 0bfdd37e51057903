/* SPDX-License-Identifier: MIT */
/*
 * A role stops where it is. The harness lets it go on when the time has passed (or, of one that stops for good, when
 * the other drivers have ended or wait in vain): this call does not wait for that. Who
 * stops in a call that waits, and that signal(7) lists, finds EINTR there when it goes on, without any handler.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/str.h"

enum { NEWBORN_MS = 50 };

/* That the call could have waited is enough, as for `interrupt`. */
static bool gives_eintr(const struct inv *v)
{
	const struct object *o = object_at(v->object);
	bool timed = o && atomic_load(&o->flags) & OBF_RCVTIMEO;

	return !nonblocking(v) && call_ends_when_stopped(row_restart[v->row], row_family[v->row], timed);
}

static uint32_t targets_find(const struct strike *s, bool myself)
{
	uint32_t n_procs = atomic_load(&arena->n_procs), n = 0;

	for (uint32_t i = 0; i < n_procs && i < ARENA_PROCS && n < PAUSED_MOST; i++) {
		const struct proc *p = &arena->procs[i];

		if (atomic_load(&p->state) != PROC_ALIVE || p->pid <= 1)
			continue;
		if (myself ? i == self->proc : glob_match(s->fault->target, p->name) != 0)
			s->state->paused[n++] = p->pid;
	}
	return n;
}

static uint64_t resume_time(int64_t pause_ns)
{
	return pause_ns == PAUSE_FOR_GOOD ? RESUME_NEVER : now_ns() + (uint64_t)((double)pause_ns * arena->time_scale);
}

/* Of the own process this thread stops first: another could go on meanwhile, and so could this one, to another call. */
static void halt(int pid)
{
	if (pid == self->pid)
		syscall(SYS_tgkill, pid, syscall(SYS_gettid), SIGSTOP);
	else
		syscall(SYS_kill, pid, SIGSTOP);
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	bool myself = strcmp(s->fault->target, "self") == 0 || !s->fault->target[0];
	uint32_t n = targets_find(s, myself);

	/* One that was forked just now is known when it has been scheduled. */
	for (int ms = 0; !n && ms < NEWBORN_MS; ms++) {
		wait_ns(1000000);
		n = targets_find(s, myself);
	}
	if (!n)
		return REFUSED_NO_TARGET;
	atomic_store(&s->state->n_paused, n);
	atomic_store(&s->state->resume_at, resume_time(s->fault->value));
	for (uint32_t i = 0; i < n; i++)
		halt(s->state->paused[i]);
	if (myself && !s->after && !v->skip && gives_eintr(v))
		decide_result(v, EINTR);
	return REFUSED_NOT;
}

const struct action_code act_pause = { .strike = strike };
