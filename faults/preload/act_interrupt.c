/* SPDX-License-Identifier: MIT */
/*
 * A signal arrives while the call waits. Its handler, the program's own, runs here and now in this thread; then the
 * call returns EINTR or goes on, as signal(7) has it for this call and the handler's SA_RESTART. That the call could
 * have waited is enough: when its data comes is nobody's promise. `when: after`, it comes between the call and the
 * program's look at errno, which is then as the handler leaves it.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool restarts(const struct inv *v, bool by_handler)
{
	const struct object *o = object_at(v->object);

	if (v->shape == SH_FUTEX && v->flags & EVF_TIMED)
		return false;
	switch (row_restart[v->row]) {
	case RESTART_BY_FLAG:
		return by_handler;
	case RESTART_UNLESS_TIMED: {
		bool out = row_family[v->row] == FAMILY_SEND || row_family[v->row] == FAMILY_CONNECT;

		if (o && atomic_load(&o->flags) & (out ? OBF_SNDTIMEO : OBF_RCVTIMEO))
			return false;
		return by_handler;
	}
	default:
		return false;
	}
}

/* Runs the handler with the mask that the call itself would have set. */
static void deliver(struct inv *v, int sig)
{
	unsigned long old = 0, set = 1ul << (sig - 1);
	int saved = errno;

	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, sizeof(set));
	event_note(EV_SIGNAL, v, sig, 0);
	errno = v->left;
	syscall(SYS_tgkill, self->pid, syscall(SYS_gettid), sig);
	v->left = errno;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	errno = saved;
}

/* What an interrupted call leaves behind beside EINTR. */
static void leave_rest(struct inv *v, uint32_t realism)
{
	const struct object *o = object_at(v->object);

	if (v->shape == SH_CONNECT && o && o->kind == OBJ_TCP) {
		/* connect(2): the connection goes on being made in the background. */
		int flags = (int)syscall(SYS_fcntl, v->fd, F_GETFL);

		syscall(SYS_fcntl, v->fd, F_SETFL, flags | O_NONBLOCK);
		syscall(SYS_connect, v->fd, v->a[1], v->a[2]);
		/* Linux lets a second call pick it up; by POSIX that one may find it made, and say EISCONN. */
		if (realism != REALISM_LINUX)
			syscall(SYS_connect, v->fd, v->a[1], v->a[2]);
		syscall(SYS_fcntl, v->fd, F_SETFL, flags);
	} else if (strcmp(row_plain(v->row), "nanosleep") == 0 && v->a[1]) {
		memcpy((void *)v->a[1], (const void *)v->a[0], sizeof(struct timespec));
	} else if (strcmp(row_plain(v->row), "clock_nanosleep") == 0 && v->a[3] && !(v->a[1] & TIMER_ABSTIME)) {
		memcpy((void *)v->a[3], (const void *)v->a[2], sizeof(struct timespec));
	} else if (strcmp(row_plain(v->row), "sleep") == 0) {
		v->result = v->a[0];
	}
}

/* Does the call ever wait on what it is made on, whatever its name? */
static bool may_wait(const struct inv *v)
{
	const struct object *o = object_at(v->object);
	struct stat st;

	switch (v->shape) {
	case SH_CONNECT:	/* a datagram socket only notes the address */
		return !o || (o->kind != OBJ_UDP && o->kind != OBJ_UNIX_DGRAM);
	case SH_OPEN: case SH_OPEN_AT:	/* a FIFO waits for its other end; files of a disk wait for nobody */
		return syscall(SYS_newfstatat, v->shape == SH_OPEN ? AT_FDCWD : (int)v->a[0],
			       v->shape == SH_OPEN ? v->a[0] : v->a[1], &st, 0) == 0 && S_ISFIFO(st.st_mode);
	case SH_FUTEX:
		return futex_would_wait(v);
	default:		/* an eventfd waits for room only before it overflows */
		return !(o && o->kind == OBJ_EVENTFD && row_family[v->row] == FAMILY_SEND);
	}
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	bool by_handler = false;
	int sig, left = v->left;

	if (!s->after && (row_restart[v->row] == RESTART_NEVER_BLOCKS || row_restart[v->row] == RESTART_ALWAYS ||
				 !may_wait(v) || nonblocking(v)))
		return REFUSED_NEVER_EINTR;
	sig = handler_find(v, s->after, &by_handler);
	if (!sig && s->fault->realism == REALISM_LINUX)
		return REFUSED_NO_HANDLER;
	if (sig)
		deliver(v, sig);
	/* A value: the signal comes, but does nothing to the call; what is seen then is the handler's doing. */
	if (s->fault->value)
		v->left = left;
	if (s->after || s->fault->value || (sig && restarts(v, by_handler))) {
		v->flags |= EVF_RESTARTED;
		return REFUSED_NOT;
	}
	decide_result(v, EINTR);
	leave_rest(v, s->fault->realism);
	return REFUSED_NOT;
}

const struct action_code act_interrupt = { .strike = strike };
