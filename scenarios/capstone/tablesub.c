/* SPDX-License-Identifier: MIT */
/*
 * tablesub: a subscriber of the table service.
 *
 *   tablesub DIRECTORY ID
 *
 * Gets from the server, over the Unix stream socket, two descriptors: the snapshot (shared memory) and its change
 * notice (an eventfd). Then it needs the socket only to learn that the server has gone, and subscribes again at the
 * next one; it waits for a server as long as it takes. After each notice it looks at the table: is it whole, and not
 * older than the one before? Until SIGTERM; the exit status is 0 if all was well, 1 if a notice was missing, 3 if a table
 * was torn or old.
 *
 * The steps: socket(), connect(), write() SUBSCRIBE, recvmsg() the descriptors, mmap(); poll(), read() the notice, copy
 * the table; munmap(), close().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/include/sabot.h"
#include "scenarios/capstone/common.h"
#include "scenarios/capstone/link.h"
#include "scenarios/capstone/snapshot.h"
#include "scenarios/capstone/wire.h"
#include "core/base/banned.h"

enum { N_SENT_FDS = 2, FD_SNAPSHOT = 0, FD_NOTICE = 1, STATUS_TORN = 3 };

struct subscriber {
	struct sockaddr_un address;
	uint32_t id;
	int data_socket;		/* -1: not connected */
	int pause_ms;
	struct message request, answer;
	size_t n_written, n_answer;	/* bytes of them that have gone and come */
	int fds[N_SENT_FDS];		/* as they were sent; -1: not yet */
	const struct snapshot *snapshot;	/* NULL: not subscribed */
	bool has_seen, has_said;
	uint64_t generation;		/* of the last table seen */
	int status;
};

static void subscription_drop(struct subscriber *s)
{
	snapshot_unmap(s->snapshot);
	s->snapshot = NULL;
	for (int i = 0; i < N_SENT_FDS; i++)
		s->fds[i] = fd_close(s->fds[i]);
	s->data_socket = fd_close(s->data_socket);
	s->n_written = s->n_answer = 0;
}

/* Copies the table and judges it. True if it is a new one. */
static bool table_look(struct subscriber *s)
{
	bool is_new;
	struct table t;

	snapshot_read(s->snapshot, &t);
	is_new = !s->has_seen || t.generation != s->generation;
	if (!table_is_whole(&t)) {
		say("subscriber %u: the table of generation %llu is torn", s->id, (unsigned long long)t.generation);
		s->status = STATUS_TORN;
	}
	if (s->has_seen && t.generation < s->generation) {
		say("subscriber %u: generation %llu after %llu", s->id, (unsigned long long)t.generation,
			(unsigned long long)s->generation);
		s->status = STATUS_TORN;
	}
	s->has_seen = true;
	s->generation = t.generation;
	return is_new;
}

static void request_write(struct subscriber *s)
{
	ssize_t r = send(s->data_socket, (const char *)&s->request + s->n_written, sizeof(s->request) - s->n_written,
		MSG_NOSIGNAL);

	if (r > 0)
		s->n_written += (size_t)r;
	else if (r < 0 && errno != EINTR && errno != EAGAIN)
		subscription_drop(s);
}

/* Takes the descriptors at once, whole answer or not: they come with its first byte and are open from now on. */
static bool fds_take(struct subscriber *s, struct msghdr *header)
{
	bool all = !(header->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		int sent[N_SENT_FDS] = { -1, -1 };
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(sent[0]);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (n > N_SENT_FDS)
			n = N_SENT_FDS;
		memcpy(sent, CMSG_DATA(c), n * sizeof(sent[0]));
		for (int i = 0; i < N_SENT_FDS; i++) {
			fd_close(s->fds[i]);
			s->fds[i] = sent[i];
		}
	}
	return all;
}

/* The answer is whole: look at the first table. */
static void subscription_begin(struct subscriber *s)
{
	const struct message *a = &s->answer;

	if (message_is_whole(a) && a->kind == SUBSCRIBE && a->id == s->id && s->fds[FD_NOTICE] >= 0)
		s->snapshot = snapshot_map(s->fds[FD_SNAPSHOT]);
	if (!s->snapshot) {
		subscription_drop(s);
		return;
	}
	s->pause_ms = 0;
	table_look(s);
	sabot_became("subscribed");
	if (!s->has_said)
		say("subscriber %u: subscribed", s->id);
	s->has_said = true;
}

static void socket_read(struct subscriber *s)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(N_SENT_FDS * sizeof(int))];
	} control;
	size_t wanted = sizeof(s->answer) - s->n_answer;
	char unwanted;
	struct iovec piece = {
		.iov_base = wanted ? (char *)&s->answer + s->n_answer : &unwanted, .iov_len = wanted ? wanted : 1 };
	struct msghdr header = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t r = recvmsg(s->data_socket, &header, MSG_CMSG_CLOEXEC);

	if (r < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* The end, an error, bytes after the answer, or descriptors for which there was no room. */
	if (r <= 0 || wanted == 0 || !fds_take(s, &header)) {
		subscription_drop(s);
		return;
	}
	s->n_answer += (size_t)r;
	if (s->n_answer == sizeof(s->answer))
		subscription_begin(s);
}

/* The notices that have come together are one number; what it is does not matter. False if there was none. */
static bool notice_take(struct subscriber *s)
{
	uint64_t n;

	return read(s->fds[FD_NOTICE], &n, sizeof(n)) == (ssize_t)sizeof(n);
}

static void subscriber_turn(struct subscriber *s)
{
	struct pollfd fds[2];

	if (s->data_socket < 0)
		s->data_socket = server_connect(&s->address, -1, &s->pause_ms);
	if (s->data_socket < 0)
		return;		/* asked to stop */
	fds[0] = (struct pollfd){ .fd = s->data_socket, .events = POLLIN };
	if (s->n_written < sizeof(s->request))
		fds[0].events |= POLLOUT;
	/* poll() passes over -1. */
	fds[1] = (struct pollfd){ .fd = s->snapshot ? s->fds[FD_NOTICE] : -1, .events = POLLIN };
	if (!wait_for(fds, 2, -1))
		return;
	/* The notice first, then the table: what changes after the look has a notice of its own. */
	while (fds[1].revents && notice_take(s))
		table_look(s);
	if (fds[0].revents & POLLOUT)
		request_write(s);
	if (s->data_socket >= 0 && fds[0].revents & ~POLLOUT)
		socket_read(s);
}

/* A table that is new although no notice of it is waiting: its notice was lost. */
static void last_look(struct subscriber *s)
{
	bool has_notice;

	if (!s->snapshot)
		return;
	has_notice = notice_take(s);
	if (table_look(s) && !has_notice && s->status == 0)
		s->status = say("subscriber %u: nobody told of generation %llu", s->id, (unsigned long long)s->generation);
}

int main(int argc, char **argv)
{
	struct subscriber s = { .data_socket = -1, .fds = { -1, -1 } };
	char *end;
	long id;

	signals_prepare("tablesub");
	if (argc != 3)
		return say("usage: tablesub DIRECTORY ID");
	id = strtol(argv[2], &end, 10);
	if (end == argv[2] || *end != '\0' || id <= SERVER_ID || id > 2 * SERVER_ID)
		return say("the id of a subscriber is %d … %d", SERVER_ID + 1, 2 * SERVER_ID);
	if (!socket_name(argv[1], &s.address))
		return 1;
	s.id = (uint32_t)id;
	s.request = message_make(SUBSCRIBE, s.id, 0, 0);
	while (!stop_asked())
		subscriber_turn(&s);
	last_look(&s);
	if (s.status == 0)
		print_line("subscriber %u: each table was whole and newer than the one before", s.id);
	subscription_drop(&s);
	return s.status;
}
