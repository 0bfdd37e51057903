/* SPDX-License-Identifier: MIT */
/* Starting a program quickly: vfork(2), a few settings, execve(2). */
#ifndef CORE_SYS_SPAWN_H
#define CORE_SYS_SPAWN_H

#include <stddef.h>
#include <sys/resource.h>

enum { SPAWN_LIMITS = 8 };

struct spawn {
	const char *path;
	char *const *argv, *const *env;
	const char *directory; /* NULL: stay */
	int fds[3]; /* become 0, 1, 2; all else must be close-on-exec */
	struct {
		int resource;
		rlim_t value; /* soft and hard */
	} limits[SPAWN_LIMITS];
	size_t n_limits;
};

/* Gives every signal its default action: of the sixty calls that takes, a program that is started needs none then. */
void signals_default(void);

/*
 * Starts the program in a process group of its own, with no signal blocked and the caller's signal actions, which must
 * be the default ones (signals_default()): until execve(2) the child shares the caller's memory, and no handler may run
 * in it. 0 and *pid; or -errno of the step that failed, and *step is its name (a literal). One thread at a time.
 */
int spawn_start(const struct spawn *s, int *pid, const char **step);

#endif
