/* SPDX-License-Identifier: MIT */
/* The kernel is asked for less than the program asked for: what is not moved stays where it was. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "faults/preload/rows.h"

enum { MOST_PIECES = 64 };

/* A shortened copy of a scattered buffer has to live as long as the call. */
static __thread struct iovec pieces[MOST_PIECES] __attribute__((tls_model("initial-exec")));
static __thread struct msghdr message __attribute__((tls_model("initial-exec")));

static int pieces_cut(const struct iovec *from, size_t n, uint64_t keep)
{
	size_t i = 0;

	for (; i < n && i < MOST_PIECES && keep; i++) {
		pieces[i] = from[i];
		if (pieces[i].iov_len > keep)
			pieces[i].iov_len = keep;
		keep -= pieces[i].iov_len;
	}
	return (int)i;
}

static enum refusal cut(struct inv *v, uint64_t keep)
{
	switch (v->shape) {
	case SH_BUF_IN: case SH_BUF_IN_FLAGS: case SH_BUF_IN_CHK: case SH_BUF_IN_FROM:
	case SH_BUF_OUT: case SH_BUF_OUT_FLAGS: case SH_BUF_OUT_TO:
		v->a[2] = (long)keep;
		return REFUSED_NOT;
	case SH_TRANSFER_TO:
		v->a[3] = (long)keep;
		return REFUSED_NOT;
	case SH_MMSG_OUT:
		v->a[2] = (long)keep;
		return REFUSED_NOT;
	case SH_TRANSFER:
		v->a[v->row == ROW_splice ? 4 : 2] = (long)keep;
		return REFUSED_NOT;
	case SH_IOV_IN: case SH_IOV_OUT:
		v->a[2] = pieces_cut((const struct iovec *)v->a[1], (size_t)v->a[2], keep);
		v->a[1] = (long)pieces;
		return REFUSED_NOT;
	case SH_MSG_IN: case SH_MSG_OUT:
		message = *(struct msghdr *)v->a[1];
		message.msg_iovlen = (size_t)pieces_cut(message.msg_iov, message.msg_iovlen, keep);
		message.msg_iov = pieces;
		return REFUSED_NOT;
	default:
		return REFUSED_KIND;
	}
}

static uint64_t there_is(const struct inv *v)
{
	int n = 0;

	return ioctl(v->fd, FIONREAD, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

/*
 * Half of what a receive would move, which is often less than it asks for. One that waits has to be waited for first:
 * as it would wait itself, where there is a way to look and leave everything there.
 */
static uint64_t half(const struct inv *v, bool out)
{
	uint64_t n = v->asked;

	if (!out && !there_is(v) && !nonblocking(v)) {
		struct pollfd one = { .fd = v->fd, .events = POLLIN };
		char byte;

		if (real_of(ROW_recv)(v->fd, (long)&byte, 1, MSG_PEEK, 0, 0, 0) == -1 && errno == ENOTSOCK)
			real_of(ROW_poll)((long)&one, 1, -1, 0, 0, 0, 0);
	}
	if (!out && there_is(v) && there_is(v) < n)
		n = there_is(v);
	return n / 2;
}

/* A look (MSG_PEEK) just before has shown so many bytes: they are there, and come. */
static bool was_shown(const struct inv *v, uint64_t keep)
{
	const struct chunk *c = self->chunk ? &arena->chunks[self->chunk - 1] : NULL;
	uint32_t n = c ? atomic_load(&c->used) : 0;

	for (uint32_t i = n < CHUNK_EVENTS ? n : CHUNK_EVENTS; i-- > 0;) {
		const struct event *e = &c->events[i];

		if (e->kind == EV_CALL && e->fd == v->fd && row_family[e->call] == FAMILY_RECEIVE)
			return !e->object && e->result > 0 && (uint64_t)e->result > keep;
	}
	return false;
}

/* A terminal in canonical mode gives a line at a time; its master, and a raw one, what has come so far. */
static bool gives_lines(const struct inv *v)
{
	struct termios t;
	int n;

	return syscall(SYS_ioctl, v->fd, TIOCGPTN, &n) != 0 && tcgetattr(v->fd, &t) == 0 && t.c_lflag & ICANON;
}

static enum refusal strike(struct inv *v, const struct strike *s)
{
	const struct object *o = object_at(v->object);
	bool out = row_family[v->row] == FAMILY_SEND, batch = v->shape == SH_MMSG_OUT, waits_for_all;
	uint64_t keep;

	/* Of a batch of datagrams each is whole, but not all have to go. */
	if (!batch && is_datagram(v) && s->fault->realism != REALISM_ANY)
		return REFUSED_DATAGRAM;
	if ((!batch && !is_stream(v)) || s->after ||
		(!out && o->kind == OBJ_PTY && s->fault->realism != REALISM_ANY && gives_lines(v)))
		return REFUSED_KIND;
	keep = s->fault->value == SHORT_HALF ? half(v, out) : s->fault->value == SHORT_ALL_BUT_ONE ? v->asked - 1 :
		(uint64_t)s->fault->value;
	if (keep == 0 || keep >= v->asked)
		return REFUSED_NOT_SHORTER;
	if (out && (o->kind == OBJ_PIPE || o->kind == OBJ_FIFO) && v->asked <= PIPE_BUF &&
		s->fault->realism != REALISM_ANY)
		return REFUSED_PIPE_BUF;
	if (!out && was_shown(v, keep))
		return REFUSED_NOT_SHORTER;
	waits_for_all = !out && ((v->shape == SH_BUF_IN_FLAGS || v->shape == SH_BUF_IN_FROM) ? v->a[3] & MSG_WAITALL :
				v->shape == SH_MSG_IN ? v->a[2] & MSG_WAITALL : 0);
	if ((waits_for_all || (batch && !nonblocking(v))) && s->fault->realism == REALISM_LINUX) {
		bool restart;

		if (!handler_find(v, false, &restart))
			return REFUSED_NO_HANDLER;
	}
	if (cut(v, keep) != REFUSED_NOT)
		return REFUSED_KIND;
	v->flags |= EVF_SHORTENED;
	if (v->shape == SH_MSG_IN || v->shape == SH_MSG_OUT) {
		struct msghdr *theirs = (struct msghdr *)v->a[1];

		v->a[1] = (long)&message;
		v->result = call_real(v);
		v->a[1] = (long)theirs;
		theirs->msg_namelen = message.msg_namelen;
		theirs->msg_controllen = message.msg_controllen;
		theirs->msg_flags = message.msg_flags;
	} else {
		v->result = call_real(v);
	}
	v->skip = true;
	v->error = errno;
	if (v->result > 0 && ((uint64_t)v->result < keep || (!out && !there_is(v)))) {
		v->flags &= (uint8_t)~EVF_SHORTENED;
		return REFUSED_NOT_SHORTER;	/* the call is done, but not by our doing */
	}
	if (v->result <= 0)
		return REFUSED_NOT_SHORTER;
	edge_repeat(v->fd);
	return REFUSED_NOT;
}

const struct action_code act_short = { .strike = strike };
