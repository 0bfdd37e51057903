/* SPDX-License-Identifier: MIT */
/* Starting role instances: by exec, or by a fork of a program that waits before main. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/futex.h"
#include "core/sys/proc.h"
#include "core/sys/spawn.h"

static void limits_fill(struct spawn *s, const struct role_limits *limits)
{
	const struct {
		int resource;
		int64_t value;
	} all[] = {
		{ RLIMIT_NOFILE, limits->nofile },
		{ RLIMIT_AS, limits->as },
		{ RLIMIT_FSIZE, limits->fsize },
		{ RLIMIT_STACK, limits->stack },
		{ RLIMIT_MSGQUEUE, limits->msgqueue },
		{ RLIMIT_SIGPENDING, limits->sigpending },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].value < 0)
			continue;
		s->limits[s->n_limits].resource = all[i].resource;
		s->limits[s->n_limits++].value = (rlim_t)all[i].value;
	}
}

/* The loader resolves all symbols at once: in the zygote, not again in each child. Taken back before main. */
#define BIND_ENV "LD_BIND_NOW"

static int instance_spawn(
	struct box *box, struct instance *in, char *const *env, int *pid, char *why, size_t size)
{
	struct spawn s = {
		.path = in->path,
		.argv = in->argv,
		.env = env,
		.directory = in->spec->directory,
		.fds = { in->stdin_fd >= 0 ? in->stdin_fd : box->null_fd, in->out.write_fd, in->err.write_fd },
	};
	const char *step;
	int error;

	limits_fill(&s, &in->spec->limits);
	if (in->stdin_fd >= 0)
		lseek(in->stdin_fd, 0, SEEK_SET);
	error = spawn_start(&s, pid, &step);
	if (!error)
		return 0;
	if (!strcmp(step, "execve"))
		snprintf(why, size,
			"role %s: cannot run %s: %s (looked in %s); build it first or fix run:", in->spec->name,
			in->argv[0], strerror(-error), in->spec->directory ? in->spec->directory : ".");
	else if (!strcmp(step, "chdir"))
		snprintf(why, size, "role %s: its directory %s: %s", in->spec->name, in->spec->directory,
			strerror(-error));
	else
		snprintf(why, size, "role %s: cannot start %s: %s: %s%s", in->spec->name, in->argv[0], step,
			strerror(-error), strcmp(step, "setrlimit") ? "" : "; fix limits:");
	return error;
}

int instance_zygote(struct box *box, struct instance *in, char *why, size_t size)
{
	char **env, mark[] = ZYGOTE_ENV "=1", mark_bind[] = ZYGOTE_ENV "=2", bind[] = BIND_ENV "=1";
	bool bound = false;
	size_t n = 0;
	int error;

	for (; in->env[n]; n++)
		bound |= !strncmp(in->env[n], BIND_ENV "=", sizeof(BIND_ENV));
	env = mem_new((n + 3) * sizeof(*env));
	memcpy(env, in->env, n * sizeof(*env));
	env[n] = bound ? mark : mark_bind;
	if (!bound)
		env[n + 1] = bind;
	error = instance_spawn(box, in, env, &in->zygote, why, size);
	free(env);
	return error;
}

void instance_zygote_end(struct box *box, struct instance *in)
{
	struct role_slot *slot = &box->arena->roles[in->slot];

	kill(in->zygote, SIGKILL);
	while (waitpid(in->zygote, NULL, 0) < 0 && errno == EINTR)
		;
	in->zygote = 0;
	slot->zygote = 0;
}

static bool zygote_ended(const struct instance *in)
{
	siginfo_t info = { .si_pid = 0 };

	return !waitid(P_PID, (id_t)in->zygote, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

/* A program that does not appear before its main (a launcher, a runtime of its own) is started anew for each run. */
void instance_zygote_wait(struct box *box, struct instance *in, int64_t deadline_ns)
{
	struct role_slot *slot = &box->arena->roles[in->slot];

	while (slot->zygote != 1) {
		if (clock_ns() >= deadline_ns || zygote_ended(in)) {
			instance_zygote_end(box, in);
			return;
		}
		futex_wait(&slot->zygote, 0, 20 * NS_PER_MS);
	}
}

void instance_zygote_settle(struct box *box, struct instance *in)
{
	struct role_slot *slot = &box->arena->roles[in->slot];
	int64_t deadline = clock_ns() + 5 * NS_PER_S;
	uint32_t settled;

	while (in->zygote && (settled = slot->settled) != slot->forked && clock_ns() < deadline && !zygote_ended(in))
		futex_wait(&slot->settled, settled, 20 * NS_PER_MS);
}

static void instance_started(struct instance *in)
{
	in->phase = PHASE_RUNNING;
	in->outcome->pid = in->pid;
	in->outcome->started = true;
}

static void zygote_ask(struct box *box, struct instance *in)
{
	struct role_slot *slot = &box->arena->roles[in->slot];

	if (in->stdin_fd >= 0)
		lseek(in->stdin_fd, 0, SEEK_SET);
	in->asked = slot->forked + 1;
	atomic_fetch_add(&slot->command, 1);
	futex_wake(&slot->command);
}

/* -ECHILD: it is no more. Its memory cannot have been put back as it was (faults/preload/lend.c). */
static int zygote_answer(struct box *box, struct instance *in)
{
	struct role_slot *slot = &box->arena->roles[in->slot];
	int64_t deadline = 0;
	uint32_t forked;

	while ((forked = slot->forked) != in->asked) {
		int64_t now = clock_ns();

		if (!deadline)
			deadline = now + 5 * NS_PER_S;
		else if (now > deadline)
			return -ETIMEDOUT;
		else if (zygote_ended(in))
			return -ECHILD;
		futex_wait(&slot->forked, forked, 20 * NS_PER_MS);
	}
	in->asked = 0;
	in->pid = slot->pid;
	return in->pid > 0 ? 0 : -EAGAIN;
}

void instance_ask(struct box *box, struct instance *in)
{
	if (in->zygote)
		zygote_ask(box, in);
}

int instance_start(struct box *box, struct instance *in, char *why, size_t size)
{
	int error = -ECHILD;

	if (in->zygote) {
		if (!in->asked)
			zygote_ask(box, in);
		error = zygote_answer(box, in);
		if (error == -ECHILD)
			instance_zygote_end(box, in);
		else if (error)
			snprintf(why, size, "role %s: the program that waits before main does not fork: %s",
				in->spec->name, strerror(-error));
	}
	if (error == -ECHILD) {
		in->asked = 0;
		error = instance_spawn(box, in, in->env, &in->pid, why, size);
	}
	if (!error)
		instance_started(in);
	return error;
}
