/* SPDX-License-Identifier: MIT */
#include "core/sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

/* What the child tells its parent, whose memory it shares until execve(). */
struct spawn_failure {
	int error;
	const char *step;
};

void signals_default(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };

	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			sigaction(s, &dfl, NULL);
}

/* Moves the three descriptors into place whatever their numbers are. */
static int place_descriptors(const int fds[3])
{
	int high[3];

	for (int i = 0; i < 3; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
		if (high[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return -1;
	return 0;
}

static const char *child_prepare(const struct spawn *s)
{
	sigset_t none;

	setpgid(0, 0);
	if (place_descriptors(s->fds))
		return "dup2";
	/* Libraries open files without asking: libdw keeps the programs that it has looked into. */
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	if (s->directory && chdir(s->directory))
		return "chdir";
	for (size_t i = 0; i < s->n_limits; i++) {
		struct rlimit limit = { s->limits[i].value, s->limits[i].value };

		if (setrlimit((__rlimit_resource_t)s->limits[i].resource, &limit))
			return "setrlimit";
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return NULL;
}

/*
 * A function of its own that is never inlined, and a barrier: the compiler knows nothing of shared memory, and would
 * drop what is stored just before the process ends.
 */
static __attribute__((noinline)) _Noreturn void child_run(const struct spawn *s, struct spawn_failure *failure)
{
	failure->step = child_prepare(s);
	if (!failure->step) {
		execve(s->path, s->argv, s->env);
		failure->step = "execve";
	}
	failure->error = errno;
	__asm__ volatile("" : : "r"(failure) : "memory");
	_exit(127);
}

int spawn_start(const struct spawn *s, int *pid, const char **step)
{
	struct spawn_failure memory = { .error = 0, .step = NULL }, *failure = &memory;
	sigset_t all, old;
	pid_t child;

	/* Nothing may stop us half-way, nor reach the child before it has a group of its own. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	/* What the child stores is not seen by the compiler: from here on it knows nothing of *failure. */
	__asm__ volatile("" : "+r"(failure) : : "memory");
	child = vfork();
	if (child == 0)
		child_run(s, failure);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (child < 0) {
		*step = "vfork";
		return -errno;
	}
	if (failure->step) {
		*step = failure->step;
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		return failure->error ? -failure->error : -EIO;
	}
	*pid = child;
	*step = NULL;
	return 0;
}
