/* SPDX-License-Identifier: MIT */
/*
 * A parent that ignores SIGCHLD lets the kernel bury its children, and nobody is told how they ended. There, and only
 * there, a child notes its own crash: a handler that is asked for once, writes the signal down and lets it have its
 * way. The program does not see it: it finds the default action where it looks.
 */
#include "faults/preload/inject.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/preload/rows.h"

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS };

static void on_crash(int sig)
{
	if (self && self->live)
		atomic_store(&arena->procs[self->proc].died_by, sig);
	/* The default action is back, and the signal is not blocked: this is the end. */
	syscall(SYS_tgkill, my_pid(), syscall(SYS_gettid), sig);
}

static bool libc_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	return real_of(ROW_sigaction)(sig, (long)act, (long)old, 0, 0, 0, 0) == 0;
}

void crash_watch(void)
{
	struct sigaction now, note = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

	if (self->confined & CONFINED_ASK)
		return;
	if (!libc_sigaction(SIGCHLD, NULL, &now) || (now.sa_handler != SIG_IGN && !(now.sa_flags & SA_NOCLDWAIT)))
		return;
	for (size_t i = 0; i < sizeof(crashes) / sizeof(*crashes); i++)
		if (libc_sigaction(crashes[i], NULL, &now) && now.sa_handler == SIG_DFL)
			libc_sigaction(crashes[i], &note, NULL);
}

void crash_hide(struct inv *v)
{
	struct sigaction *old = (struct sigaction *)v->a[2];

	if (v->row == ROW_signal) {
		if (v->result == (long)on_crash)
			v->result = (long)SIG_DFL;
	} else if (old && old->sa_handler == on_crash) {
		old->sa_handler = SIG_DFL;
		old->sa_flags = 0;
	}
}
