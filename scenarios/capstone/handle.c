/* SPDX-License-Identifier: MIT */
#include "scenarios/capstone/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/include/sabot.h"
#include "scenarios/capstone/common.h"
#include "core/base/banned.h"

enum { MESSAGE = sizeof(struct message) };

void spare_take(struct server *s)
{
	s->spare = fcntl(s->directory, F_DUPFD_CLOEXEC, 0);
}

bool handle_add(struct server *s, int data_socket)
{
	struct handle *h = calloc(1, sizeof(*h));

	if (!h) {
		say("no memory for a client");
		fd_close(data_socket);
		return false;
	}
	h->data_socket = data_socket;
	h->notice = -1;
	s->handles[s->n++] = h;
	return true;
}

void handle_drop(struct server *s, size_t i)
{
	struct handle *h = s->handles[i];

	fd_close(h->data_socket);
	fd_close(h->notice);
	free(h);
	s->handles[i] = s->handles[--s->n];
}

static bool has_room(const struct handle *h)
{
	return h->n_out + MESSAGE <= sizeof(h->out);
}

/* Who does not take its answers is not read from either: a flood stays in the client's own socket. */
short handle_events(const struct handle *h)
{
	return (short)((h->n_in < sizeof(h->in) && has_room(h) ? POLLIN : 0) | (h->n_out > 0 ? POLLOUT : 0));
}

static void answer_add(struct handle *h, struct message m)
{
	memcpy((char *)h->out + h->n_out, &m, sizeof(m));
	h->n_out += sizeof(m);
}

/*
 * An eventfd is a counter: who does not read it has one notice waiting, however many were given. It never blocks us;
 * EAGAIN says that it is full, and that is a notice too.
 */
static void notices_give(const struct server *s)
{
	const uint64_t one = 1;

	for (size_t i = 0; i < s->n; i++)
		while (s->handles[i]->subscriber && write(s->handles[i]->notice, &one, sizeof(one)) < 0 && errno == EINTR)
			;
}

static void table_publish(struct server *s)
{
	/* Mistake: the notice is given with the table half written, over the one that readers look at. */
	if (s->mistakes & TORN_SNAPSHOT) {
		snapshot_overwrite(s->snapshot, &s->table, 0);
		notices_give(s);
		snapshot_overwrite(s->snapshot, &s->table, 1);
		return;
	}
	snapshot_publish(s->snapshot, &s->table);
	notices_give(s);
}

static void table_update(struct server *s, const struct table *next, const struct message *m)
{
	s->table = *next;
	sabot_received(m->id, SERVER_ID, m->sequence, sizeof(*m), m->checksum);
	table_publish(s);
}

/*
 * A server whose last descriptor went to a client could store nothing for anybody, drop the client for it, and give the
 * descriptor to the next one. So one is kept for this, given back for the moment, and taken again.
 */
static int store(struct server *s, const struct table *t)
{
	int error;

	s->spare = fd_close(s->spare);
	error = table_store(s->directory, t, s->mistakes & WRITE_IN_PLACE);
	spare_take(s);
	return error;
}

/*
 * The order is the point: on the disk, then in sight of the subscribers, then answered. An answer means that not even
 * SIGKILL undoes it. If the disk refuses, there is no answer, the connection ends, and the client comes again.
 */
static bool update_take(struct server *s, struct handle *h, const struct message *m)
{
	struct table next = s->table;
	struct message answer;

	if (m->id == 0 || m->id >= ROWS)
		return false;
	switch (table_apply(&next, m->id, m->sequence, m->number, s->mistakes & NO_DEDUP)) {
	case APPLIED:
		if (store(s, &next))
			return false;
		table_update(s, &next, m);
		break;
	case APPLIED_BEFORE:
		/* Its answer was lost with the connection. Here it is again. */
		break;
	case OUT_OF_TURN:
		say("client %u: update %llu comes too early", m->id, (unsigned long long)m->sequence);
		return false;
	}
	/* The same each time, whatever else has been applied since. */
	answer = message_make(UPDATE, m->id, m->sequence, m->number);
	sabot_sent(SERVER_ID, m->id, m->sequence, sizeof(answer), answer.checksum);
	answer_add(h, answer);
	return true;
}

/* The first and last request of its connection, so that the descriptors go with its answer and no other. */
static bool subscription_take(struct handle *h, const struct message *m)
{
	if (m->id <= SERVER_ID || h->n_out > 0)
		return false;
	h->notice = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (h->notice < 0) {
		say_errno("no notice for subscriber %u", m->id);
		return false;
	}
	h->subscriber = m->id;
	h->fds_due = true;
	answer_add(h, message_make(SUBSCRIBE, m->id, 0, 0));
	return true;
}

static bool request_take(struct server *s, struct handle *h, const struct message *m)
{
	if (!message_is_whole(m) || h->subscriber)
		return false;
	switch (m->kind) {
	case HELLO:
		if (m->id == 0 || m->id >= ROWS)
			return false;
		answer_add(h, message_make(HELLO, m->id, s->table.rows[m->id].last, s->table.rows[m->id].value));
		return true;
	case UPDATE:
		return update_take(s, h, m);
	case SUBSCRIBE:
		return subscription_take(h, m);
	default:
		return false;
	}
}

/* All requests that are whole, as long as there is room for their answers. */
static bool requests_take(struct server *s, struct handle *h)
{
	size_t n = 0;
	bool fine = true;

	while (fine && h->n_in - n >= MESSAGE && has_room(h)) {
		struct message m;

		memcpy(&m, (const char *)h->in + n, sizeof(m));
		n += sizeof(m);
		fine = request_take(s, h, &m);
		/* Mistake: what came in one read is one message. Those behind it are thrown away with it. */
		if (s->mistakes & ONE_READ_ONE_MESSAGE)
			n = h->n_in;
	}
	h->n_in -= n;
	memmove(h->in, (const char *)h->in + n, h->n_in);
	return fine;
}

static bool requests_read(struct handle *h)
{
	ssize_t r = read(h->data_socket, (char *)h->in + h->n_in, sizeof(h->in) - h->n_in);

	if (r > 0)
		h->n_in += (size_t)r;
	return r > 0 || (r < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Writes what the socket takes. The descriptors belong to the first byte: sent once, however short the write. */
static bool answers_write(const struct server *s, struct handle *h)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec piece = { .iov_base = h->out, .iov_len = h->n_out };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1 };
	int fds[2] = { s->snapshot_fd, h->notice };
	ssize_t r;

	if (h->fds_due) {
		control.align = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(fds)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	}
	r = sendmsg(h->data_socket, &header, MSG_NOSIGNAL);
	if (r < 0)
		return errno == EINTR || errno == EAGAIN;
	h->fds_due = h->fds_due && r == 0;
	h->n_out -= (size_t)r;
	memmove(h->out, (const char *)h->out + r, h->n_out);
	return true;
}

bool handle_turn(struct server *s, struct handle *h, short revents)
{
	/* One read a turn: a client that floods waits for its turn like everybody. */
	if (revents & POLLIN && !requests_read(h))
		return false;
	if (!(revents & (POLLIN | POLLOUT)))
		return false;	/* only POLLHUP or POLLERR: nobody is there, and nothing to read */
	do {
		if (!requests_take(s, h) || (h->n_out > 0 && !answers_write(s, h)))
			return false;
	} while (h->n_in >= MESSAGE && h->n_out == 0);
	return true;
}
