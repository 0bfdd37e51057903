/* SPDX-License-Identifier: MIT */
/* pass-fds, pass-credentials, multiplexable: what else comes with a message. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/banned.h"

int end_fd(const struct end *e)
{
	return e->n_connections > 0 ? e->connections[0] : e->fd;
}

/* --- descriptors ---------------------------------------------------------------------------------------------- */

/* Sends the read end of a new pipe in which a byte waits: whoever gets it can read the byte. */
static int64_t work_send_fd(struct puppet *me)
{
	char byte = 'm', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int pair[2];

	if (end_fd(&me->end) < 0)
		return -EBADF;
	if (pipe(pair) || write(pair[1], "x", 1) != 1)
		return -errno;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &pair[0], sizeof(int));
	return sendmsg(end_fd(&me->end), &m, 0) < 0 ? -errno : 0;
}

static int64_t work_receive_fd(struct puppet *me)
{
	char byte, control[256];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(end_fd(&me->end), &m, 0) < 0)
		return -errno;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		return read(fd, &byte, 1) == 1 && byte == 'x' ? 1 : -EBADMSG;
	}
	return 0;
}

bool measure_pass_fds(struct lab *lab)
{
	struct puppet *s, *r;
	int64_t sent, got;

	lab->place.variant = 2;
	if (pair_open(lab, &s, &r))
		return false;
	sent = puppet_do(s, work_send_fd);
	if (s->end.fd < 0)
		return lab_say(lab, "no", "the technique has no descriptor on which another could be sent");
	if (sent < 0)
		return lab_say(lab, "no", "sendmsg with SCM_RIGHTS gave %s", result_name(sent));
	got = puppet_do(r, work_receive_fd);
	return lab_say(lab,
		got == 1   ? "yes"
		: got == 0 ? "no"
			   : "unknown",
		"sendmsg with SCM_RIGHTS succeeded, %s",
		got == 1   ? "and the receiver read through the descriptor that came"
		: got == 0 ? "but no descriptor came with the message"
			   : result_name(got));
}

/* --- credentials ---------------------------------------------------------------------------------------------- */

static int64_t work_want_credentials(struct puppet *me)
{
	int one = 1;

	return setsockopt(end_fd(&me->end), SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) ? -errno : 0;
}

static int64_t work_receive_credentials(struct puppet *me)
{
	char bytes[256], control[256];
	struct iovec v = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct ucred u;

	if (recvmsg(end_fd(&me->end), &m, 0) < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&u, CMSG_DATA(c), sizeof(u));
		return u.pid;
	}
	return 0;
}

static int64_t work_last_pid(struct puppet *me)
{
	return me->end.link->last_pid(&me->end);
}

/* Claims to be process 1, in the very form in which the link's own messages come. */
static int64_t work_forge(struct puppet *me)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = me->said_code;
	info.si_pid = 1;
	info.si_uid = 4242;
	if (syscall(SYS_rt_sigqueueinfo, me->end.place->receiver, me->end.link->signal_number(me->end.link, 0), &info))
		return -errno;
	return 0;
}

static bool credentials_signal(struct lab *lab, struct puppet *s, struct puppet *r)
{
	int64_t forged, n;
	pid_t honest;

	if (send_one(s, 1, link_small(lab->link), 0) < 0 ||
		!is_message(lab->link, receive_one(r, 64, PARCEL_ANY_CLASS)))
		return lab_unknown(lab, "send %s, receive %s", result_name(s->result), result_name(r->result));
	honest = r->said_pid;
	s->said_code = r->said_code;
	forged = puppet_do(s, work_forge);
	if (honest != s->pid)
		return lab_say(lab, "no", "si_pid was %d, the sender %d", honest, s->pid);
	if (forged < 0)
		return lab_say(lab, "si_pid/si_uid",
			"si_pid was the sender's number; a forged one with the same si_code gave %s",
			result_name(forged));
	n = receive_one(r, 64, PARCEL_ANY_CLASS);
	return lab_say(lab, is_message(lab->link, n) && r->said_pid == 1 ? "si_pid-forgeable" : "si_pid/si_uid",
		"si_pid was the sender's number; rt_sigqueueinfo(2) with the same si_code and a forged one was "
		"received as "
		"process %d",
		r->said_pid);
}

static bool credentials_last(struct lab *lab, struct puppet *a, struct puppet *r)
{
	int64_t first, second;
	struct puppet *b;

	if (send_one(a, 1, link_small(lab->link), 0) < 0)
		return lab_unknown(lab, "send gave %s", result_name(a->result));
	first = puppet_do(r, work_last_pid);
	b = pair_add_sender(lab, r);
	if (!b || send_one(b, 2, link_small(lab->link), 0) < 0)
		return b ? lab_unknown(lab, "send gave %s", result_name(b->result)) : false;
	second = puppet_do(r, work_last_pid);
	return lab_say(lab, first == a->pid && second == b->pid ? "last-pid-only" : "unknown",
		"IPC_STAT named A's process after A's message and only B's after B's, with both still unread");
}

bool measure_pass_credentials(struct lab *lab)
{
	struct puppet *s, *r;
	int64_t want, pid;

	if (pair_open(lab, &s, &r))
		return false;
	if (lab->link->signal_number)
		return credentials_signal(lab, s, r);
	if (lab->link->last_pid)
		return credentials_last(lab, s, r);
	want = puppet_do(r, work_want_credentials);
	if (want < 0)
		return lab_say(
			lab, "no", "nothing in receive names the sender; SO_PASSCRED gave %s", result_name(want));
	if (send_one(s, 1, 64, 0) < 0)
		return lab_unknown(lab, "send gave %s", result_name(s->result));
	pid = puppet_do(r, work_receive_credentials);
	return lab_say(lab,
		pid == s->pid ? "yes"
		: pid == 0    ? "no"
			      : "unknown",
		"SO_PASSCRED was set; %s",
		pid == s->pid ? "SCM_CREDENTIALS named the sender's process, though it had not asked for that"
		: pid == 0    ? "no SCM_CREDENTIALS came"
			      : result_name(pid));
}

/* --- multiplexing --------------------------------------------------------------------------------------------- */

enum { BY_POLL = 1, BY_SELECT = 2, BY_EPOLL = 4, BY_ALL = 7 };

/* Bit set: who says now that there is something to receive. */
static int64_t work_ready(struct puppet *me)
{
	struct epoll_event want = { .events = EPOLLIN }, got;
	int fd = end_fd(&me->end), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timeval now = { 0 };
	int64_t who = 0;
	fd_set set;

	if (poll(&p, 1, 0) == 1 && (p.revents & POLLIN))
		who |= BY_POLL;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	if (select(fd + 1, &set, NULL, NULL, &now) == 1)
		who |= BY_SELECT;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want)) {
		who = -errno;
	} else if (epoll_wait(epoll, &got, 1, 0) == 1) {
		who |= BY_EPOLL;
	}
	close(epoll);
	return who;
}

bool measure_multiplexable(struct lab *lab)
{
	struct puppet *s, *r;
	int64_t before, after;

	if (pair_open(lab, &s, &r))
		return false;
	if (r->end.fd < 0)
		return lab_say(lab, "no", "there is no descriptor to wait on");
	before = puppet_do(r, work_ready);
	if (send_one(s, 1, link_small(lab->link), 0) < 0)
		return lab_unknown(lab, "send gave %s", result_name(s->result));
	after = puppet_do(r, work_ready);
	if (before < 0)
		return lab_say(lab, "no", "epoll_ctl on the descriptor gave %s", result_name(before));
	if (before == 0 && after == BY_ALL)
		return lab_say(lab, "yes",
			"poll, select and epoll said not ready before a message and ready after it%s",
			lab->link->signal_number ? " (on a signalfd)" : "");
	return lab_say(lab, before == after ? "no" : "unknown",
		"ready by (poll 1, select 2, epoll 4): %s before, %s after a message", result_name(before),
		result_name(after));
}
