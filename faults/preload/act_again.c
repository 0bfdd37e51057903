/* SPDX-License-Identifier: MIT */
/*
 * EAGAIN where the descriptor does not block; for poll, select and epoll, readiness that has gone when the program
 * looks: another process took what there was, the client gave up before it was accepted (accept(2), NOTES), the
 * datagram's checksum was wrong (select(2), BUGS). Nothing else makes Linux tell of what is not there; but who waits on
 * a condition variable may be woken for nothing (POSIX; glibc's signals and cancellations say where they do that).
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/preload/rows.h"

/*
 * May this descriptor be said to be readable although it is not? Only if a receive on it then does not block. A pipe is
 * readable when there is something, or nobody left to write: it would say EOF.
 */
static enum refusal may_mislead(int fd, const struct inv *v, const struct plan_fault *f)
{
	int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
	const struct object *o = object_at(object_of_fd(fd));
	struct inv take = { .fd = fd, .object = object_of_fd(fd), .row = ROW_recv, .thread = v->thread };

	if ((o && (o->kind == OBJ_PIPE || o->kind == OBJ_FIFO)) || flags < 0 || !(flags & O_NONBLOCK))
		return REFUSED_BLOCKING;
	if (f->realism != REALISM_LINUX || !o || o->kind == OBJ_UDP || atomic_load(&o->flags) & OBF_LISTENER ||
		ready_shared(&take, false))
		return REFUSED_NOT;
	return REFUSED_READY;
}

static enum refusal wake_poll(struct inv *v, const struct plan_fault *f)
{
	struct pollfd *set = (struct pollfd *)v->a[0];
	enum refusal why = REFUSED_BLOCKING;

	for (long i = 0; i < v->a[1]; i++) {
		if (!(set[i].events & POLLIN) || set[i].fd < 0)
			continue;
		why = may_mislead(set[i].fd, v, f);
		if (why != REFUSED_NOT)
			continue;
		for (long j = 0; j < v->a[1]; j++)
			set[j].revents = 0;
		set[i].revents = POLLIN;
		v->skip = true;
		v->result = 1;
		return REFUSED_NOT;
	}
	return why == REFUSED_NOT ? REFUSED_KIND : why;
}

static enum refusal wake_select(struct inv *v, const struct plan_fault *f)
{
	fd_set *readable = (fd_set *)v->a[1];
	enum refusal why = REFUSED_BLOCKING;

	for (int fd = 0; readable && fd < (int)v->a[0] && fd < FD_SETSIZE; fd++) {
		if (!FD_ISSET(fd, readable))
			continue;
		why = may_mislead(fd, v, f);
		if (why != REFUSED_NOT)
			continue;
		for (int set = 1; set <= 3; set++)
			if (v->a[set])
				FD_ZERO((fd_set *)v->a[set]);
		FD_SET(fd, readable);
		v->skip = true;
		v->result = 1;
		return REFUSED_NOT;
	}
	return why == REFUSED_NOT ? REFUSED_KIND : why;
}

static enum refusal wake_epoll(struct inv *v, const struct plan_fault *f)
{
	struct epoll_event *events = (struct epoll_event *)v->a[1], event;
	enum refusal why = REFUSED_BLOCKING;
	unsigned at = 0;
	int fd;

	while ((fd = edge_watched((int)v->a[0], &at, &event)) >= 0) {
		why = may_mislead(fd, v, f);
		if (why != REFUSED_NOT || v->a[2] < 1)
			continue;
		event.events = EPOLLIN;
		events[0] = event;
		v->skip = true;
		v->result = 1;
		return REFUSED_NOT;
	}
	return why == REFUSED_NOT ? REFUSED_KIND : why;
}

static enum refusal wake(struct inv *v, const struct plan_fault *f)
{
	if (v->shape == SH_EPOLL || v->shape == SH_EPOLL2)
		return wake_epoll(v, f);
	if (v->shape == SH_POLL || v->shape == SH_PPOLL)
		return wake_poll(v, f);
	return v->shape == SH_SELECT ? wake_select(v, f) : REFUSED_KIND;
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	const struct object *o = object_at(v->object);

	if (s->after)
		return REFUSED_KIND;
	if (row_family[v->row] == FAMILY_WAIT)
		return wake(v, s->fault);
	if (waits_on_condition(v))
		return wake_for_nothing(v);
	if (row_family[v->row] == FAMILY_LOCK) {
		if (strcmp(row_plain(v->row), "sem_trywait") != 0 && !(v->flags & EVF_NONBLOCK))
			return REFUSED_BLOCKING;
	} else if (!nonblocking(v) && s->fault->realism != REALISM_ANY) {
		return REFUSED_BLOCKING;
	}
	/* eventfd(2): a write gives EAGAIN only when the counter is about to overflow. */
	if (row_family[v->row] == FAMILY_SEND && o && o->kind == OBJ_EVENTFD && s->fault->realism != REALISM_ANY)
		return REFUSED_KIND;
	if (row_family[v->row] == FAMILY_CONNECT && (!o || o->kind == OBJ_TCP || o->kind == OBJ_UDP))
		return REFUSED_KIND;
	if (s->fault->realism == REALISM_LINUX && ready_told(v, s->fault->sole))
		return REFUSED_READY;
	decide_result(v, v->shape == SH_SYSV_IN ? ENOMSG : EAGAIN);
	edge_repeat(v->fd);
	return REFUSED_NOT;
}

const struct action_code act_again = { .strike = strike };
