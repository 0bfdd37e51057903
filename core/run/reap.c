/* SPDX-License-Identifier: MIT */
/* News of a run: output, ends of processes. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/proc.h"

enum { PAUSE_LOOK_MS = 5 };
/* How long a child may take from fork() to its name. */
#define NAMING_NS (50 * NS_PER_MS)

bool signal_is_crash(int signal_number)
{
	switch (signal_number) {
	case SIGSEGV:
	case SIGBUS:
	case SIGABRT:
	case SIGFPE:
	case SIGILL:
	case SIGSYS:
	case SIGTRAP:
		return true;
	default:
		return false;
	}
}

/* Did a `kill` strike fire? The harness's own kills are marked as such. */
static bool kill_fired(const struct box *box)
{
	const struct plan *plan = arena_plan(box->arena);

	for (uint32_t i = 0; i < plan->n_faults; i++)
		if (plan->faults[i].action == ACT_KILL && plan->state[i].fired)
			return true;
	return false;
}

static void outcome_status(const struct box *box, const struct instance *in, int status)
{
	struct role_outcome *o = in->outcome;

	if (WIFEXITED(status)) {
		o->ended = ENDED_EXIT;
		o->status = WEXITSTATUS(status);
		return;
	}
	o->status = WTERMSIG(status);
	o->core = signal_is_crash(o->status);
	if (in->killed && o->status == SIGKILL)
		o->ended = ENDED_BY_HARNESS;
	else if (in->stop_sent && o->status == (in->spec->stop ? in->spec->stop : SIGTERM))
		o->ended = ENDED_BY_STOP;
	else if (o->status == SIGKILL && kill_fired(box))
		o->ended = ENDED_BY_FAULT;
	else
		o->ended = ENDED_SIGNAL;
}

/* A process that lives but has not told its name yet: it was forked a moment ago. */
static bool any_nameless(struct box *box)
{
	box_tree(box);
	for (uint32_t i = 0; i < box->n_tree; i++)
		if (!arena_proc_of(box->arena, box->tree[i]) && process_runs(box->tree[i]))
			return true;
	return false;
}

static int child_of_role(const struct box *box, const struct instance *in)
{
	const struct arena *a = box->arena;
	uint32_t n = a->n_procs;

	for (uint32_t i = 0; i < n && i < ARENA_PROCS; i++)
		if (a->procs[i].role == in->slot && a->procs[i].pid != in->pid && a->procs[i].state == PROC_ALIVE &&
			process_runs(a->procs[i].pid))
			return a->procs[i].pid;
	return 0;
}

/* A service whose first process exited well but left one running has become a daemon: that one is the service now. */
static int daemon_of(struct box *box, const struct instance *in, int status)
{
	int64_t deadline = clock_ns() + NAMING_NS;
	int pid;

	if (in->driver || in->stop_sent || in->killed || !WIFEXITED(status) || WEXITSTATUS(status))
		return 0;
	for (;;) {
		bool nameless = any_nameless(box);

		pid = child_of_role(box, in);
		if (pid || !nameless || clock_ns() > deadline)
			return pid;
		sched_yield();
	}
}

static void instance_ended(struct box *box, struct instance *in, int status, const struct rusage *usage)
{
	int daemon_pid = daemon_of(box, in, status);

	in->outcome->cpu_ns += (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * NS_PER_S +
			       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000;
	if (daemon_pid) {
		in->pid = daemon_pid;
		in->lingers = true;
		return;
	}
	in->phase = PHASE_ENDED;
	in->outcome->ended_ns = clock_ns() - box->start_ns;
	outcome_status(box, in, status);
	capture_drain(&in->out);
	capture_drain(&in->err);
	ready_ended(box, in);
}

static struct instance *instance_of(struct box *box, int pid, bool *is_zygote)
{
	*is_zygote = false;
	for (uint32_t i = 0; i < box->n_prepared; i++) {
		struct instance *in = &box->instances[i];

		if (in->zygote == pid && pid) {
			*is_zygote = true;
			return in;
		}
		if (in->phase == PHASE_RUNNING && in->pid == pid)
			return in;
	}
	return NULL;
}

/* A process below a role's own whose parent has gone: its end is told here, and nowhere else. */
static void orphan_ended(struct box *box, int pid, int status)
{
	struct arena *a = box->arena;

	if (!WIFSIGNALED(status))
		return;
	for (uint32_t i = a->n_procs < ARENA_PROCS ? a->n_procs : ARENA_PROCS; i-- > 0;)
		if (a->procs[i].pid == pid && a->procs[i].parent) {
			a->procs[i].died_by = WTERMSIG(status);
			return;
		}
}

static void children_reap(struct box *box)
{
	struct rusage usage;
	int status, pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		bool is_zygote;
		struct instance *in = instance_of(box, pid, &is_zygote);

		if (in && is_zygote) {
			/* Somebody killed it: its runs go by exec from now on. */
			in->zygote = 0;
		} else if (in) {
			instance_ended(box, in, status, &usage);
		} else {
			orphan_ended(box, pid, status);
		}
	}
}

static void signals_take(struct box *box)
{
	struct signalfd_siginfo info[4];

	while (read(box->signal_fd, info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	children_reap(box);
}

void box_take_news(struct box *box)
{
	signals_take(box);
}

static void output_take(struct box *box, int fd)
{
	char events[4096];

	if (fd == box->notify_fd) {
		while (read(fd, events, sizeof(events)) > 0)
			;
		return;
	}
	for (uint32_t i = 0; i < box->n_instances; i++) {
		if (box->instances[i].out.read_fd == fd)
			capture_drain(&box->instances[i].out);
		if (box->instances[i].err.read_fd == fd)
			capture_drain(&box->instances[i].err);
	}
}

/*
 * Who was stopped by a `pause` strike goes on when its time is up. Milliseconds until the next of these times, or
 * most_ms if that is sooner.
 */
static int paused_resume(const struct box *box, int most_ms)
{
	struct plan *plan = arena_plan(box->arena);
	int64_t now = 0;

	for (uint32_t i = 0; i < plan->n_faults && i < PLAN_FAULTS; i++) {
		struct plan_state *state = &plan->state[i];
		int64_t at = (int64_t)state->resume_at, left;
		uint32_t n;

		/* It may strike while we wait. */
		if (plan->faults[i].action == ACT_PAUSE && most_ms > PAUSE_LOOK_MS)
			most_ms = PAUSE_LOOK_MS;
		if (!at || state->resume_at == RESUME_NEVER)
			continue;
		if (!now)
			now = clock_ns();
		left = (at - now + NS_PER_MS - 1) / NS_PER_MS;
		if (left > 0) {
			most_ms = left < most_ms ? (int)left : most_ms;
			continue;
		}
		n = state->n_paused;
		for (uint32_t k = 0; k < n && k < sizeof(state->paused) / sizeof(*state->paused); k++)
			kill(state->paused[k], SIGCONT);
		state->n_paused = 0;
		state->resume_at = 0;
	}
	return most_ms;
}

bool box_wait_news(struct box *box, int timeout_ms)
{
	struct epoll_event events[32];
	bool signals = false;
	int n = epoll_wait(box->epoll_fd, events, 32, paused_resume(box, timeout_ms));

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == box->signal_fd)
			signals = true;
		else
			output_take(box, events[i].data.fd);
	}
	if (signals)
		signals_take(box);
	return n > 0;
}

/* True if nobody is left. */
static bool all_killed(struct box *box, uint32_t *n_killed)
{
	uint32_t n = 0;

	box_tree(box);
	for (uint32_t i = 0; i < box->n_tree; i++) {
		if (!process_runs(box->tree[i]))
			continue;
		kill(box->tree[i], SIGKILL);
		n++;
	}
	*n_killed += n;
	for (uint32_t i = 0; i < box->n_instances; i++)
		n += instance_alive(&box->instances[i]);
	return n == 0 && box->n_tree == 0;
}

uint32_t box_sweep(struct box *box)
{
	int64_t deadline = clock_ns() + 2 * NS_PER_S;
	uint32_t n_killed = 0;

	for (uint32_t i = 0; i < box->n_instances; i++)
		if (instance_alive(&box->instances[i]))
			box->instances[i].killed = true;
	makers_settle(box);
	while (!all_killed(box, &n_killed) && clock_ns() < deadline) {
		box_wait_news(box, 1);
		box_take_news(box);
	}
	return n_killed;
}
