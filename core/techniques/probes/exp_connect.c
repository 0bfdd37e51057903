/* SPDX-License-Identifier: MIT */
/* connection-required, full-duplex, vanished-client, backlog-full: how the ends come together. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/techniques/probes/memory.h"
#include "core/base/banned.h"

/* --- connection-required -------------------------------------------------------------------------------------- */

static int64_t work_forget(struct puppet *me)
{
	int fds[2] = { me->end.place->fds[0], me->end.place->fds[1] };

	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return 0;
}

static int64_t work_pass(struct puppet *me)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &me->end.place->fds[0], sizeof(int));
	return sendmsg(me->end.place->guard[0], &m, 0) < 0 ? -errno : 0;
}

/* The descriptor that comes is put where the inherited one would have been. */
static int64_t work_take(struct puppet *me)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(me->end.place->guard[1], &m, 0) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EBADMSG;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (fd == me->end.place->fds[0])
		return 0;
	return dup2(fd, me->end.place->fds[0]) < 0 ? -errno : 0;
}

/* A process that inherited nothing: first without, then with the descriptor passed to it. */
static bool required_fd(struct lab *lab)
{
	struct puppet *r, *s;
	int64_t without, with;
	int pair[2];

	if (lab_make(lab) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return lab_unknown(lab, "could not be set up: %s", strerror(errno));
	lab->place.guard[0] = pair[0];
	lab->place.guard[1] = pair[1];
	r = puppet_new(lab);
	s = puppet_new(lab);
	close(pair[0]);
	close(pair[1]);
	if (!r || !s || puppet_do(r, work_receiver) < 0)
		return lab_unknown(lab, "could not be set up");
	puppet_do(s, work_forget);
	without = puppet_do(s, work_sender);
	puppet_tell(s, work_take);
	puppet_do(r, work_pass);
	if (puppet_wait(s))
		return lab_unknown(lab, "the descriptor did not come: %s", result_name(s->result));
	with = puppet_do(s, work_sender);
	if (with < 0 || send_one(s, 7, 8, 0) < 0 || receive_one(r, 8, 0) != 8 || r->id != 7)
		return lab_unknown(lab, "with the descriptor passed: %s", result_name(with));
	return lab_say(lab, without < 0 ? "fd-must-be-passed" : "no",
		"a process that did not inherit the descriptor got %s; after SCM_RIGHTS its message arrived",
		result_name(without));
}

static bool required_ends(struct lab *lab)
{
	size_t size = link_small(lab->link);
	struct puppet *s, *r;

	if (pair_open(lab, &s, &r))
		return false;
	if (send_one(s, 7, size, 0) != (int64_t)size || receive_one(r, size, 0) <= 0 || r->id != 7)
		return lab_unknown(lab, "send gave %s", result_name(s->result));
	return lab_say(
		lab, "preconnected", "one call made both ends; the first message passed with no connect and no accept");
}

/* A sender that only names the receiver. */
static bool required_name(struct lab *lab)
{
	size_t size = link_small(lab->link);
	struct puppet *alone, *s, *r;
	int64_t before, sent, got;

	if (lab_make(lab) || !(alone = puppet_new(lab)))
		return lab_unknown(lab, "could not be set up: %s", strerror(errno));
	alone->end.wish = WISH_ALONE;
	before = puppet_do(alone, work_sender);
	if (before == -ENXIO || before == WORK_BLOCKED)
		return lab_say(
			lab, "reader-must-open", "with no reader yet, the sender's open gave %s", result_name(before));
	puppet_kill(alone);
	r = puppet_new(lab);
	s = puppet_new(lab);
	if (!r || !s || puppet_do(r, work_receiver) < 0)
		return lab_unknown(lab, "could not be set up: %s", r ? result_name(r->result) : "fork");
	s->end.wish = WISH_ALONE;
	if (puppet_do(s, work_sender) < 0)
		return lab_unknown(lab, "the sender's end: %s", result_name(s->result));
	sent = send_one(s, 7, size, PARCEL_DONTWAIT);
	if (sent < 0)
		return lab_say(lab, "yes", "send without connect gave %s", result_name(sent));
	got = receive_one(r, LAB_BUFFER / 2, PARCEL_ANY_CLASS);
	if (!is_message(lab->link, got))
		return lab_unknown(lab, "sent without connect, but receive gave %s", result_name(got));
	return lab_say(lab, "no", "the first message passed with no connect and no accept, by %s alone",
		lab->link->traits & LINK_SIGNAL ? "process number" : "name");
}

bool measure_connection_required(struct lab *lab)
{
	if (lab->link->reach == REACH_BY_FD)
		return required_fd(lab);
	return lab->link->reach == REACH_BY_ENDS ? required_ends(lab) : required_name(lab);
}

/* --- full-duplex ---------------------------------------------------------------------------------------------- */

static int64_t work_poke(struct puppet *me)
{
	volatile uint64_t *at = (volatile uint64_t *)((char *)me->end.map + MEMORY_BARE);

	at[me->number] = me->id;
	return 0;
}

static int64_t work_peek(struct puppet *me)
{
	me->id = ((volatile uint64_t *)((char *)me->end.map + MEMORY_BARE))[me->number];
	return 0;
}

static bool duplex_memory(struct lab *lab)
{
	struct puppet *a, *b;
	uint64_t there, back;

	if (pair_open(lab, &a, &b))
		return false;
	a->number = b->number = 0;
	a->id = 11;
	puppet_do(a, work_poke);
	puppet_do(b, work_peek);
	there = b->id;
	a->number = b->number = 1;
	b->id = 22;
	puppet_do(b, work_poke);
	puppet_do(a, work_peek);
	back = a->id;
	return lab_say(lab, there == 11 && back == 22 ? "yes" : "no",
		"A wrote 11 and B read %llu; B wrote 22 beside it and A read %llu", (unsigned long long)there,
		(unsigned long long)back);
}

/* One message there, one back. The results of the way back; *own: A got its own message when it then sent and read. */
static int64_t there_and_back(struct lab *lab, unsigned variant, bool *own, int64_t *replied)
{
	size_t size = link_small(lab->link);
	struct puppet *a, *b;
	int64_t back;

	lab->place.variant = variant;
	if (pair_open(lab, &a, &b))
		return -1;
	if (send_one(a, 1, size, 0) < 0 || !is_message(lab->link, receive_one(b, LAB_BUFFER / 2, PARCEL_ANY_CLASS))) {
		lab_unknown(lab, "the way there: %s, %s", result_name(a->result), result_name(b->result));
		return -1;
	}
	*replied = send_one(b, 2, size, PARCEL_DONTWAIT);
	back = *replied < 0 ? *replied : receive_one(a, LAB_BUFFER / 2, PARCEL_ANY_CLASS);
	*own = false;
	if (is_message(lab->link, back) && send_one(a, 3, size, PARCEL_DONTWAIT) >= 0)
		*own = is_message(lab->link, receive_one(a, LAB_BUFFER / 2, PARCEL_ANY_CLASS));
	lab_clear(lab);
	return back;
}

/* Each side asks for the other's class only; whoever asks first must not get its own. */
static bool apart_by_class(struct lab *lab, bool a_first)
{
	size_t size = link_small(lab->link);
	struct puppet *a, *b;
	bool yes;

	if (lab->link->n_classes < 2 || pair_open(lab, &a, &b))
		return false;
	a->class = 0;
	b->class = 1;
	if (send_one(a, 1, size, PARCEL_DONTWAIT) < 0 || send_one(b, 2, size, PARCEL_DONTWAIT) < 0)
		return false;
	a->class = 1;
	b->class = 0;
	receive_one(a_first ? a : b, LAB_BUFFER / 2, PARCEL_DONTWAIT);
	receive_one(a_first ? b : a, LAB_BUFFER / 2, PARCEL_DONTWAIT);
	yes = a->id == 2 && b->id == 1;
	lab_clear(lab);
	return yes;
}

bool measure_full_duplex(struct lab *lab)
{
	int64_t back, replied, replied_bound;
	bool own;

	if (lab->link->traits & LINK_MEMORY)
		return duplex_memory(lab);
	back = there_and_back(lab, 0, &own, &replied);
	if (back == -1)
		return false;
	if (is_message(lab->link, back) && !own)
		return lab_say(lab, "yes", "a message there, a message back, each got by the other side only");
	if (own)
		return apart_by_class(lab, true) && apart_by_class(lab, false)
			       ? lab_say(lab, "by-mtype",
					 "without types a process got its own message back; with a "
					 "type for each direction each side got the other's")
			       : lab_say(lab, "no", "a process that sent and then received got its own message back");
	if (replied >= 0)
		return lab_say(lab, "no", "what the receiver sent did not reach the sender: its receive: %s",
			result_name(back));
	back = there_and_back(lab, 1, &own, &replied_bound);
	if (back >= 0 && !own)
		return lab_say(lab, "yes-if-both-bound",
			"the answer to a sender without an address gave %s, to one that had bound "
			"a name it arrived",
			result_name(replied));
	return lab_say(lab, "no", "sending on the receiving end gave %s", result_name(replied));
}

/* --- accept --------------------------------------------------------------------------------------------------- */

bool measure_vanished_client(struct lab *lab)
{
	struct puppet *s, *r;
	int64_t fd, n;

	if (lab_make(lab) || !(r = puppet_new(lab)) || !(s = puppet_new(lab)))
		return lab_unknown(lab, "could not be set up: %s", strerror(errno));
	if (puppet_do(r, work_receiver) < 0 || puppet_do(s, work_sender) < 0)
		return lab_unknown(lab, "could not be set up: %s, %s", result_name(r->result), result_name(s->result));
	puppet_kill(s);
	fd = puppet_do(r, work_accept);
	if (fd < 0)
		return lab_say(lab, result_name(fd), "connect, SIGKILL, then accept gave %s", result_name(fd));
	n = receive_one(r, 64, 0);
	if (n == 0 || n == -ECONNRESET)
		return lab_say(lab, n ? "fd-then-ECONNRESET" : "fd-then-EOF",
			"connect, SIGKILL, then accept gave a descriptor, and the first read %s",
			n ? "ECONNRESET" : "0: end of file");
	return lab_unknown(lab, "accept gave a descriptor, the first read: %s", result_name(n));
}

/* Where the connection stands after a connect that did not wait: 0 made, -errno refused, 1 its SYN went unanswered. */
static int64_t work_connect_state(struct puppet *me)
{
	enum { STEPS = 300, STEP_MS = 20 };

	for (int i = 0; i < STEPS; i++) {
		struct pollfd p = { .fd = me->end.fd, .events = POLLOUT };
		struct tcp_info info = { 0 };
		socklen_t size = sizeof(int);
		int error = 0;

		if (poll(&p, 1, STEP_MS) == 1) {
			getsockopt(me->end.fd, SOL_SOCKET, SO_ERROR, &error, &size);
			return -error;
		}
		size = sizeof(info);
		if (me->number && getsockopt(me->end.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
			info.tcpi_total_retrans > 0)
			return 1;
	}
	return -ETIMEDOUT;
}

static int64_t puppet_finish(struct puppet *p)
{
	int64_t n = puppet_wait(p);

	for (int i = 0; i < 100 && n == WORK_BLOCKED; i++)
		n = puppet_wait(p);
	return n;
}

static bool backlog_judge(struct lab *lab, struct puppet *r, struct puppet *last, unsigned n, int64_t state)
{
	struct puppet *waits;
	int64_t blocking, after;
	char text[32];

	if (state < 0 && state != -EAGAIN)
		return lab_say(lab, result_name(state), "backlog 1: connect number %u gave %s", n, result_name(state));
	waits = puppet_new(lab);
	blocking = waits ? puppet_do(waits, work_sender) : -ENOMEM;
	r->flags = 0;
	for (unsigned i = 0; i + 1 < n; i++)
		puppet_do(r, work_accept);
	last->number = 0;
	after = state == 1 ? (puppet_tell(last, work_connect_state), puppet_finish(last)) : puppet_finish(waits);
	text_copy(text, sizeof(text), after == 0 ? "made after all" : result_name(after));
	if (blocking == WORK_BLOCKED && state == 1)
		return lab_say(lab, after == 0 ? "SYN-dropped-retried" : "unknown",
			"backlog 1: the SYN of connect number %u went "
			"unanswered and was sent again; once the server accepted, the connection was %s",
			n, text);
	return lab_say(lab, blocking == WORK_BLOCKED && after == 0 ? "EAGAIN/blocks" : "unknown",
		"backlog 1: connect number %u gave %s without waiting, and waited (%s) until the server accepted: %s",
		n, result_name(state), result_name(blocking), text);
}

bool measure_backlog_full(struct lab *lab)
{
	enum { MOST = 12 };
	struct puppet *r;

	lab->place.backlog = 1;
	if (lab_make(lab) || !(r = puppet_new(lab)) || puppet_do(r, work_receiver) < 0)
		return lab_unknown(lab, "could not be set up: %s", strerror(errno));
	for (unsigned n = 1; n <= MOST; n++) {
		struct puppet *s = puppet_new(lab);
		int64_t state;

		if (!s)
			return lab_unknown(lab, "no more processes");
		s->end.wish = WISH_NO_WAIT;
		state = puppet_do(s, work_sender);
		if (state == -EINPROGRESS) {
			s->number = 1;
			puppet_tell(s, work_connect_state);
			state = puppet_finish(s);
		}
		if (state != 0)
			return backlog_judge(lab, r, s, n, state);
	}
	return lab_unknown(lab, "%d connections beyond a backlog of 1 were all taken", MOST);
}
