/* SPDX-License-Identifier: MIT */
/*
 * The call fails with an errno. What the kernel would do beside that is done too: EPIPE brings SIGPIPE, a connection
 * that was reset stays so, EMFILE lasts until a descriptor is closed, a close that "failed" has closed all the same.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/preload/rows.h"

extern const struct action_code act_interrupt;

#define EXHAUSTED_NS 50000000u	/* somebody else's descriptors are closed after so long */

/* The number that the kernel would give next; a number below it, later, shows that somebody has closed one unseen. */
static int32_t descriptor_free(void)
{
	int32_t fd = (int32_t)syscall(SYS_eventfd2, 0, EFD_CLOEXEC);

	if (fd >= 0)
		syscall(SYS_close, fd);
	return fd;
}

bool descriptors_short(void)
{
	if (!(self->confined & CONFINED_ASK) && now_ns() <= self->fd_exhausted_until &&
		descriptor_free() >= self->fd_free)
		return true;
	self->fd_exhausted = 0;
	return false;
}

/* Does the call make what it would be short of room for? Of some it depends on what they are asked. */
static bool makes_something(const struct inv *v)
{
	switch (v->shape) {
	case SH_SYSV_GET:
		return v->a[v->row == ROW_msgget ? 1 : 2] & IPC_CREAT;
	case SH_OPEN:
		return v->a[1] & O_CREAT;
	case SH_EPOLL_CTL:
		return v->a[1] == EPOLL_CTL_ADD;
	case SH_MSG_OUT:
		return ((const struct msghdr *)v->a[1])->msg_controllen;
	default:
		return true;
	}
}

/* Can this errno come from this call here, under the rules of Linux? */
static enum refusal lawful(const struct inv *v, int error, bool sole)
{
	const struct object *o = object_at(v->object);
	uint32_t family = row_family[v->row];
	bool moves = family == FAMILY_RECEIVE || family == FAMILY_SEND;

	switch (error) {
	case EAGAIN:
		if (!moves && family != FAMILY_ACCEPT)
			return REFUSED_NOT;
		return !nonblocking(v) ? REFUSED_BLOCKING : ready_told(v, sole) ? REFUSED_READY : REFUSED_NOT;
	case EPIPE:
		return is_stream(v) || is_connection(v) ? REFUSED_NOT : REFUSED_ERRNO;
	case ETIMEDOUT:
		if (row_family[v->row] == FAMILY_LOCK || (moves && o && o->kind == OBJ_POSIX_MQ))
			return waits_for_time(v) ? REFUSED_NOT : REFUSED_NO_WAIT;
		return !moves || is_connection(v) ? REFUSED_NOT : REFUSED_ERRNO;
	case ECONNRESET:
		return !moves || is_connection(v) ? REFUSED_NOT : REFUSED_ERRNO;
	case ECONNREFUSED:
		return !moves || (o && (o->kind == OBJ_UDP || o->kind == OBJ_UNIX_DGRAM)) ? REFUSED_NOT : REFUSED_ERRNO;
	case EIDRM: case ENOMSG:
		return o && (o->kind == OBJ_SYSV_MQ || o->kind == OBJ_SYSV_SEM || o->kind == OBJ_SYSV_SHM)
			       ? REFUSED_NOT
			       : REFUSED_ERRNO;
	case EMSGSIZE:
		return is_datagram(v) ? REFUSED_NOT : REFUSED_ERRNO;
	case ENOMEM:
		return v->shape == SH_OPEN || makes_something(v) ? REFUSED_NOT : REFUSED_ERRNO;
	case ENOSPC:
		if (!moves)
			return makes_something(v) ? REFUSED_NOT : REFUSED_ERRNO;
		return o && o->kind != OBJ_PTY ? REFUSED_ERRNO : REFUSED_NOT;
	case EIO:
		return moves && o && o->kind != OBJ_PTY ? REFUSED_ERRNO : REFUSED_NOT;
	default:
		return REFUSED_NOT;
	}
}

/* What is said to be gone is gone, for everybody. */
static void object_remove(const struct inv *v)
{
	const struct object *o = object_at(v->object);
	long number = !o ? -1 : o->kind == OBJ_SYSV_MQ ? SYS_msgctl : o->kind == OBJ_SYSV_SHM ? SYS_shmctl : SYS_semctl;

	if (number == SYS_semctl)
		syscall(number, v->fd, 0, IPC_RMID, NULL);
	else if (number >= 0)
		syscall(number, v->fd, IPC_RMID, NULL);
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	int error = (int)s->fault->value;
	uint32_t family = row_family[v->row];
	bool moves = family == FAMILY_RECEIVE || family == FAMILY_SEND;

	if (s->fault->realism == REALISM_LINUX) {
		enum refusal refusal = lawful(v, error, s->fault->sole);

		if (refusal != REFUSED_NOT)
			return refusal;
		if (s->after)
			return REFUSED_KIND;
		if (error == EINTR && row_restart[v->row] != RESTART_NEVER_BLOCKS)
			return act_interrupt.strike(v, s);
	}
	if (error == EMFILE && moves)
		return rights_drop(v);
	/* Not what is said, but what comes of it. */
	if ((error == ETIMEDOUT || (error == EAGAIN && !moves)) && waits_for_time(v) &&
		s->fault->realism != REALISM_ANY)
		return overdue(v);
	if (v->shape == SH_CLOSE || s->after) {
		if (!s->after)
			call_real(v);
		if (v->shape == SH_CLOSE)
			object_forget(v->fd);
	}
	if (error == EIDRM)
		object_remove(v);
	decide_result(v, error);
	if (moves && is_connection(v) && (error == ECONNRESET || error == EPIPE || error == ETIMEDOUT))
		connection_break(v);
	if (error == EPIPE && family == FAMILY_SEND)
		sigpipe_raise(v);
	if (error == EMFILE || error == ENFILE) {
		self->fd_exhausted = (uint32_t)error;
		self->fd_exhausted_until = now_ns() + (uint64_t)(EXHAUSTED_NS * arena->time_scale);
		self->fd_free = descriptor_free();
	}
	return REFUSED_NOT;
}

const struct action_code act_fail = { .strike = strike };
