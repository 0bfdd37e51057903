/* SPDX-License-Identifier: MIT */
/* What the actions share, and the table of them. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/base/str.h"

#define ARRIVAL_NS 20000000.0

#define FAULT(name, action, class, argument, families, summary) extern const struct action_code act_##name;
#include "faults/faults.def"
#undef FAULT

static const struct action_code *const actions[N_ACTIONS] = {
#define FAULT(name, action, class, argument, families, summary) [ACT_##action] = &act_##name,
#include "faults/faults.def"
#undef FAULT
};

enum refusal act(struct inv *v, const struct strike *s)
{
	enum refusal refusal;

	if (s->fault->action >= N_ACTIONS || !actions[s->fault->action])
		return REFUSED_KIND;
	if (s->fault->action == ACT_KILL || s->fault->action == ACT_DELAY || s->fault->action == ACT_HOLD ||
		s->fault->action == ACT_PAUSE)
		event_strike(v, s->index, s->fault->value);	/* written first: they may not come back */
	refusal = actions[s->fault->action]->strike(v, s);
	if (refusal != REFUSED_NOT)
		return refusal;
	v->strike = (uint16_t)(s->index + 1);
	v->flags |= EVF_STRUCK;
	if (s->fault->action != ACT_KILL && s->fault->action != ACT_DELAY && s->fault->action != ACT_HOLD &&
		s->fault->action != ACT_PAUSE)
		event_strike(v, s->index, s->fault->value);
	return REFUSED_NOT;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void wait_ns(uint64_t ns)
{
	uint64_t until = now_ns() + ns;
	struct timespec t = { (time_t)(until / 1000000000u), (long)(until % 1000000000u) };

	while (syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == -1 && errno == EINTR)
		;
}

void arrival_wait(const struct inv *v, bool after)
{
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	struct timespec limit = { .tv_nsec = (long)(ARRIVAL_NS * (arena->time_scale < 10 ? arena->time_scale : 10)) };
	int saved = errno;

	if (after || row_family[v->row] != FAMILY_RECEIVE || nonblocking(v))
		return;
	if (v->thread)
		v->thread->flags |= EVF_TIMED;
	syscall(SYS_ppoll, &p, 1, &limit, NULL, 0);
	if (v->thread)
		v->thread->flags = v->flags;
	errno = saved;
}

void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void futex_wait_ns(_Atomic uint32_t *word, uint32_t value, uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	syscall(SYS_futex, word, FUTEX_WAIT, value, ns ? &t : NULL, NULL, 0);
}

long call_real(struct inv *v)
{
	long r = v->raw ? raw_call(v->raw, v->a) :
			  real_of(v->row)(v->a[0], v->a[1], v->a[2], v->a[3], v->a[4], v->a[5], v->a[6]);

	return v->result_kind == RES_I || v->result_kind == RES_E ? (long)(int)r : r;
}

void decide_result(struct inv *v, int error)
{
	v->skip = true;
	v->error = error;
	v->result = v->result_kind == RES_E ? error : v->result_kind == RES_Z || v->result_kind == RES_V ? 0 : -1;
}

bool is_stream(const struct inv *v)
{
	const struct object *o = object_at(v->object);

	return o && (o->kind == OBJ_SOCKETPAIR ? o->type == SOCK_STREAM : object_is_stream(o->kind));
}

bool is_datagram(const struct inv *v)
{
	const struct object *o = object_at(v->object);

	return o && (o->kind == OBJ_SOCKETPAIR ? o->type != SOCK_STREAM : object_is_datagram(o->kind));
}

bool talks_to_kernel(const struct inv *v)
{
	const struct object *o = object_at(v->object);

	return o && o->kind == OBJ_NETLINK;
}

bool is_connection(const struct inv *v)
{
	const struct object *o = object_at(v->object);

	return o && (o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_UNIX_SEQPACKET || o->kind == OBJ_TCP ||
			    o->kind == OBJ_SOCKETPAIR) && !(atomic_load(&o->flags) & OBF_LISTENER);
}

/* The flags argument of a receive or send; 0 where there is none. */
static long message_flags(const struct inv *v)
{
	switch (v->shape) {
	case SH_BUF_IN_FLAGS: case SH_BUF_IN_FROM: case SH_BUF_OUT_FLAGS: case SH_BUF_OUT_TO:
		return v->a[3];
	case SH_BUF_IN_CHK:
		return strcmp(row_plain(v->row), "read") == 0 ? 0 : v->a[4];
	case SH_MSG_IN: case SH_MSG_OUT:
		return v->a[2];
	case SH_MMSG_IN: case SH_MMSG_OUT: case SH_SYSV_OUT:
		return v->a[3];
	case SH_SYSV_IN:
		return v->a[4];
	default:
		return 0;
	}
}

bool nonblocking(const struct inv *v)
{
	int saved = errno, flags;

	if (v->flags & EVF_NONBLOCK)
		return true;
	if (v->shape == SH_SYSV_IN || v->shape == SH_SYSV_OUT)
		return message_flags(v) & IPC_NOWAIT;
	if (row_family[v->row] == FAMILY_WAIT || row_family[v->row] == FAMILY_LOCK || v->fd < 0)
		return false;
	if ((row_family[v->row] == FAMILY_RECEIVE || row_family[v->row] == FAMILY_SEND) &&
		message_flags(v) & MSG_DONTWAIT)
		return true;
	if (self->confined & CONFINED_ASK)
		return false;
	flags = (int)syscall(SYS_fcntl, v->fd, F_GETFL);
	errno = saved;
	return flags >= 0 && flags & O_NONBLOCK;
}

void sigpipe_raise(const struct inv *v)
{
	const struct object *o = object_at(v->object);
	bool quiet = o && o->kind != OBJ_PIPE && o->kind != OBJ_FIFO && message_flags(v) & MSG_NOSIGNAL;

	if (!quiet && !(self->confined & CONFINED_ASK))
		syscall(SYS_tgkill, self->pid, syscall(SYS_gettid), SIGPIPE);
}

void connection_break(struct inv *v)
{
	struct object *o = object_at(v->object);
	int saved = errno;

	if (!o)
		return;
	atomic_fetch_or(&o->flags, OBF_RESET);
	if (o->kind == OBJ_TCP) {
		/* tcp(7): dissolving the association sends a reset to the peer. */
		struct sockaddr none = { .sa_family = AF_UNSPEC };

		syscall(SYS_connect, v->fd, &none, sizeof(none));
	} else {
		syscall(SYS_shutdown, v->fd, SHUT_RDWR);
	}
	errno = saved;
}

/* Signals that a passer-by may send to a program that handles them, the least telling first. */
static const int passing[] = { SIGUSR1, SIGUSR2, SIGWINCH, SIGURG, SIGCHLD, SIGIO, SIGHUP, SIGALRM };

/* The kernel's struct, as rt_sigaction(2) fills it: the program's wrappers must not be asked. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static unsigned long mask_in_call(const struct inv *v, bool after)
{
	unsigned long mask = 0;
	const void *given = NULL;

	if (strcmp(row_plain(v->row), "ppoll") == 0)
		given = (const void *)v->a[3];
	else if (strcmp(row_plain(v->row), "pselect") == 0)
		given = (const void *)v->a[5];
	else if (strcmp(row_plain(v->row), "epoll_pwait") == 0 || strcmp(row_plain(v->row), "epoll_pwait2") == 0)
		given = (const void *)v->a[4];
	else if (strcmp(row_plain(v->row), "sigsuspend") == 0)
		given = (const void *)v->a[0];
	if (given && !after)
		memcpy(&mask, given, sizeof(mask));
	else
		syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, sizeof(mask));
	return mask;
}

/* SIGHUP asks a service to read its settings again, if it is not just one more way to end it. */
static bool ends(int sig, const struct kernel_sigaction *by)
{
	static const int enders[] = { SIGTERM, SIGINT };

	for (size_t i = 0; sig == SIGHUP && i < sizeof(enders) / sizeof(*enders); i++) {
		struct kernel_sigaction sa = { 0 };

		if (syscall(SYS_rt_sigaction, enders[i], NULL, &sa, sizeof(sa.mask)) == 0 && sa.handler == by->handler)
			return true;
	}
	return false;
}

/* An alarm that comes once says that something took too long; one that comes again and again is a clock that ticks. */
static bool alarm_ticks(void)
{
	struct itimerval timer = { 0 };

	return syscall(SYS_getitimer, ITIMER_REAL, &timer) == 0 &&
	       (timer.it_interval.tv_sec || timer.it_interval.tv_usec);
}

int handler_find(const struct inv *v, bool after, bool *restart)
{
	unsigned long mask = mask_in_call(v, after);
	uint64_t avoid = arena_plan(arena)->avoid_signals;
	int found = 0;

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		struct kernel_sigaction sa = { 0 };
		int sig = passing[i];

		if (mask >> (sig - 1) & 1 || avoid >> sig & 1 ||
			syscall(SYS_rt_sigaction, sig, NULL, &sa, sizeof(sa.mask)) ||
			sa.handler == SIG_DFL || sa.handler == SIG_IGN || ends(sig, &sa) ||
			(sig == SIGALRM && !alarm_ticks()))
			continue;
		if (!(sa.flags & SA_RESTART)) {
			*restart = false;
			return sig;
		}
		if (!found) {
			found = sig;
			*restart = true;
		}
	}
	return found;
}

int32_t each_target(const struct plan_fault *f, int signal_number)
{
	uint32_t n = atomic_load(&arena->n_procs);
	int32_t hit = 0;

	for (uint32_t i = 0; i < n && i < ARENA_PROCS; i++) {
		struct proc *p = &arena->procs[i];

		if (atomic_load(&p->state) == PROC_ALIVE && p->pid > 1 && glob_match(f->target, p->name) &&
			syscall(SYS_kill, p->pid, signal_number) == 0)
			hit++;
	}
	return hit;
}
