/* SPDX-License-Identifier: MIT */
/* SIGKILL to this process or to a role; the call goes on only when they are dead. */
#include "faults/preload/inject.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/str.h"

enum { DEATH_MS = 2000 };

/* pidfd_open(2): readable when the process has ended. */
static void kill_and_wait(int32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	syscall(SYS_kill, pid, SIGKILL);
	if (fd < 0)
		return;
	for (int tries = 0; tries < 8; tries++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct timespec t = { DEATH_MS / 1000, 0 };

		if (syscall(SYS_ppoll, &p, 1, &t, NULL, 0) >= 0)
			break;
	}
	syscall(SYS_close, fd);
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	uint32_t n_procs = atomic_load(&arena->n_procs);
	enum refusal refusal = REFUSED_NO_TARGET;

	(void)v;
	if (strcmp(s->fault->target, "self") == 0 || !s->fault->target[0]) {
		syscall(SYS_kill, self->pid, SIGKILL);
		for (;;)
			syscall(SYS_pause);
	}
	for (uint32_t i = 0; i < n_procs && i < ARENA_PROCS; i++) {
		struct proc *p = &arena->procs[i];

		if (atomic_load(&p->state) != PROC_ALIVE || p->pid <= 1 || !glob_match(s->fault->target, p->name))
			continue;
		kill_and_wait(p->pid);
		atomic_store(&p->state, PROC_EXITED);
		refusal = REFUSED_NOT;
	}
	return refusal;
}

const struct action_code act_kill = { .strike = strike };
