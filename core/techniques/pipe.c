/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a stream of bytes one way, between relatives. The server makes two pipes for each client, one up to it and
 * one down, and forks the client. End-of-file comes when the last write end is closed: so everybody closes, right
 * after the fork, all ends that are not its own. Then nobody waits for ever for somebody who has gone, and who reads
 * from one pipe only may wait in read(); the server of several clients waits in poll().
 *
 * The steps:
 *   server: for each client: pipe() twice, fork(), close the client's ends; … read, write …; read end-of-file, close,
 *           wait
 *   client: close the server's ends, … write, read …, close
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "core/techniques/connection.h"
#include "core/base/banned.h"

enum { PIPE_CLIENTS = 64 };

/* A pipe has two ends: [0] is read, [1] is written. -1: closed. */
struct pipes {
	int up[2], down[2];
};

struct pipe_server {
	struct link link;
	const struct ref_options *o;
	struct pipes clients[PIPE_CLIENTS + 1];	/* by id, from 1 */
	struct inbox inboxes[PIPE_CLIENTS + 1];
	uint32_t next;				/* the client that is looked at first */
};

struct pipe_client {
	struct link link;
	int up, down;
	struct inbox inbox;
};

static const struct connection_calls pipe_calls = { .read = read, .write = write };

static void end_close(int *end)
{
	if (*end >= 0)
		close(*end);
	*end = -1;
}

/* Writes all of it: a pipe takes what it has room for, and the rest later. */
static enum link_end pipe_write(int end, const struct message *m)
{
	int64_t deadline_ns = now_ns() + PATIENCE_NS;
	const char *bytes = (const char *)m;
	size_t left = message_size(m);

	while (left > 0) {
		ssize_t n = write(end, bytes, left);

		if (n > 0) {
			/*
			 * Mistake: what was not taken at once is never sent; the reader takes the next message for
			 * it.
			 */
			if (mistake(SHORT_WRITE))
				return LINK_OK;
			bytes += n;
			left -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			enum link_end ready = wait_for(end, POLLOUT, deadline_ns);

			if (ready != LINK_OK)
				return ready;
		} else if (n < 0 && errno == EPIPE) {
			return LINK_CLOSED;	/* no reader is left */
		} else if (n < 0 && (errno != EINTR || mistake(NO_EINTR_RETRY))) {
			say_errno("write");
			return LINK_FAILED;
		}
	}
	return LINK_OK;
}

/* One read into the inbox: LINK_OK something came, LINK_SILENT nothing just now, LINK_CLOSED end-of-file. */
static enum link_end pipe_read(struct inbox *inbox, int end)
{
	ssize_t n = inbox_fill(inbox, &pipe_calls, end);

	if (n > 0)
		return LINK_OK;
	if (n == 0)
		return LINK_CLOSED;
	if (errno == EAGAIN || (errno == EINTR && !mistake(NO_EINTR_RETRY)))
		return LINK_SILENT;
	say_errno("read");
	return LINK_FAILED;
}

/* ---- the server ---- */

static enum link_end server_send(struct link *link, uint32_t to, const struct message *m)
{
	struct pipe_server *s = (struct pipe_server *)link;

	return pipe_write(s->clients[to].down[1], m);
}

/* A whole message that has come already, from whichever client is next. */
static bool message_there(struct pipe_server *s, struct message *m, size_t *size)
{
	for (uint32_t i = 0; i < s->o->n_clients; i++) {
		uint32_t id = (s->next + i) % s->o->n_clients + 1;

		switch (inbox_next(&s->inboxes[id], false, m, size)) {
		case INBOX_MESSAGE:
			s->next = id % s->o->n_clients;
			return true;
		case INBOX_DAMAGED:
			say("what client %u sends makes no sense", id);
			end_close(&s->clients[id].up[0]);
			s->inboxes[id].begin = s->inboxes[id].end = 0;
			break;
		case INBOX_PART:
			break;
		}
	}
	return false;
}

/* Waits until one of the clients has written or closed, and reads from all that did. */
static enum link_end clients_read(struct pipe_server *s, int64_t deadline_ns)
{
	struct pollfd wanted[PIPE_CLIENTS];
	uint32_t n = s->o->n_clients, open = 0;
	int64_t left = deadline_ns - now_ns();
	int r;

	for (uint32_t i = 0; i < n; i++) {
		wanted[i] = (struct pollfd){ .fd = s->clients[i + 1].up[0], .events = POLLIN };
		open += wanted[i].fd >= 0;
	}
	if (open == 0)
		return LINK_CLOSED;
	/* Of one client only the pipe is read straight away: read() waits. */
	if (n == 1) {
		if (pipe_read(&s->inboxes[1], wanted[0].fd) >= LINK_CLOSED)
			end_close(&s->clients[1].up[0]);
		return LINK_OK;
	}
	r = poll(wanted, n, deadline_ns ? (int)((left < 0 ? 0 : left + MS - 1) / MS) : -1);
	if (r < 0 && (errno != EINTR || mistake(NO_EINTR_RETRY))) {
		say_errno("poll");
		return LINK_FAILED;
	}
	for (uint32_t i = 0; r > 0 && i < n; i++) {
		/* Only this client is through, well or not; the others are served on. */
		if (wanted[i].revents &&
			pipe_read(&s->inboxes[i + 1], wanted[i].fd) >= LINK_CLOSED)
			end_close(&s->clients[i + 1].up[0]);
	}
	return LINK_OK;
}

static enum link_end server_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct pipe_server *s = (struct pipe_server *)link;

	while (!message_there(s, m, size)) {
		enum link_end end = clients_read(s, deadline_ns);

		if (end != LINK_OK)
			return end;
		if (deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
	}
	return LINK_OK;
}

/* ---- the client ---- */

static enum link_end client_send(struct link *link, uint32_t to, const struct message *m)
{
	(void)to;
	return pipe_write(((struct pipe_client *)link)->up, m);
}

static enum link_end client_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct pipe_client *c = (struct pipe_client *)link;

	(void)deadline_ns;
	for (;;) {
		enum inbox_state state = inbox_next(&c->inbox, false, m, size);
		enum link_end end;

		if (state == INBOX_MESSAGE)
			return LINK_OK;
		if (state == INBOX_DAMAGED) {
			say("what the server sends makes no sense");
			return LINK_FAILED;
		}
		/* Waits as long as somebody has the write end open. */
		end = pipe_read(&c->inbox, c->down);
		if (end == LINK_CLOSED || end == LINK_FAILED)
			return end;
	}
}

static struct link link_of(enum link_end (*send)(struct link *l, uint32_t to, const struct message *m),
	enum link_end (*receive)(struct link *l, struct message *m, size_t *size, int64_t deadline_ns))
{
	/*
	 * A pipe holds 64 KiB, but short of the end of a page where a message does not fit in: count on half of it.
	 */
	return (struct link){ .send = send, .receive = receive, .under_way = 32768 };
}

/* The child: keeps its own two ends, talks, closes. */
static int client_run(const struct ref_options *o, void *data)
{
	struct pipe_server *s = data;
	struct pipes *mine = &s->clients[o->client];
	struct pipe_client c = {
		.link = link_of(client_send, client_receive), .up = mine->up[1], .down = mine->down[0]
	};
	int status;

	/* The server's ends, also those of the clients before us: with them open, nobody would see end-of-file. */
	for (uint32_t i = 1; i <= o->client && !mistake(WRITE_END_INHERITED); i++) {
		end_close(&s->clients[i].up[0]);
		end_close(&s->clients[i].down[1]);
	}
	inbox_init(&c.inbox);
	status = request_link(o, &c.link);
	inbox_fini(&c.inbox);
	end_close(&c.up);
	end_close(&c.down);
	return status;
}

/* ---- making and ending the clients ---- */

static int nonblocking(int end)
{
	return fcntl(end, F_SETFL, O_NONBLOCK) < 0 ? say_errno("fcntl") : 0;
}

static int client_start(struct pipe_server *s, struct children *children, uint32_t id)
{
	struct pipes *p = &s->clients[id];

	if (pipe2(p->up, O_CLOEXEC) < 0 || pipe2(p->down, O_CLOEXEC) < 0)
		return say_errno("pipe");
	/* Nobody waits in write() for somebody who does not read, nor in read() for one while others have written. */
	if (nonblocking(p->up[1]) || nonblocking(p->down[1]) || (s->o->n_clients > 1 && nonblocking(p->up[0])))
		return 1;
	if (child_start(children, s->o, id, client_run, s))
		return 1;
	end_close(&p->down[0]);
	/* Mistake: keeps the client's write end as well, and so never sees end-of-file, for it could still write. */
	if (!mistake(WRITE_END_INHERITED))
		end_close(&p->up[1]);
	return 0;
}

/* The client has got its result, closes its end and exits: end-of-file is the last thing that comes. */
static int client_end(struct pipe_server *s, uint32_t id)
{
	int64_t deadline_ns = now_ns() + PATIENCE_NS;
	enum link_end end = LINK_OK;

	while (s->clients[id].up[0] >= 0 && end != LINK_CLOSED) {
		end = wait_for(s->clients[id].up[0], POLLIN, deadline_ns);
		if (end == LINK_OK)
			end = pipe_read(&s->inboxes[id], s->clients[id].up[0]);
		if (end == LINK_FAILED || end == LINK_STOPPED)
			return 1;
		if (end == LINK_SILENT && now_ns() >= deadline_ns)
			return say("client %u is through, but its pipe does not end", id);
		s->inboxes[id].begin = s->inboxes[id].end = 0;
	}
	return 0;
}

static int pipe_serve(const struct ref_options *o)
{
	static struct pipe_server s;
	struct children children = { .n = 0 };
	int status = 0;

	if (o->n_clients > PIPE_CLIENTS)
		return say("there are pipes for %d clients", PIPE_CLIENTS);
	stop_at_once(NULL);	/* there is nothing to remove: pipes have no names */
	s = (struct pipe_server){ .link = link_of(server_send, server_receive), .o = o };
	for (uint32_t id = 1; id <= o->n_clients; id++) {
		s.clients[id] = (struct pipes){ { -1, -1 }, { -1, -1 } };
		inbox_init(&s.inboxes[id]);
	}
	for (uint32_t id = 1; status == 0 && id <= o->n_clients; id++)
		status = client_start(&s, &children, id);
	if (status == 0) {
		server_ready();
		status = serve_link(o, &s.link, true);
	}
	for (uint32_t id = 1; id <= o->n_clients; id++) {
		status |= status ? 0 : client_end(&s, id);
		for (int end = 0; end < 2; end++) {
			end_close(&s.clients[id].up[end]);
			end_close(&s.clients[id].down[end]);
		}
		inbox_fini(&s.inboxes[id]);
	}
	return children_wait(&children) | status;
}

const struct technique technique_pipe = {
	.name = "pipe", .serve = pipe_serve,
};
