/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a counter in the kernel. write() adds to it, read() gives the sum and sets it to 0. A message is "one more":
 * it has no content, and five that came together are read as one number 5, none of them lost. The descriptors are
 * inherited: the server makes two counters for each client, up and down, and forks the client.
 *
 * The steps:
 *   server: for each client: eventfd() twice, fork(); … read, write …; close, wait
 *   client: … write, read …; close
 *
 * Who waits for one counter waits in read(); the server of several clients waits in poll(). Nobody is told that the
 * other has died: there is no end-of-file. So who waits looks from time to time: a clock ticks.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "core/include/sabot.h"
#include "core/techniques/service.h"
#include "core/techniques/shm_area.h"
#include "core/base/banned.h"

enum { EVENT_CLIENTS = 60 };

struct counters {
	int up, down;
	uint64_t received;	/* of this client, by the server */
	bool over;		/* all have come, or the client has gone */
};

struct event_server {
	const struct ref_options *o;
	struct counters clients[EVENT_CLIENTS + 1];	/* by id, from 1 */
	int pid;
};

/* Adds n to the counter. 0 or 1 (said). Near 2^64 it waits until the other side has read. */
static int counter_add(int fd, uint64_t n)
{
	int64_t deadline_ns = now_ns() + PATIENCE_NS;

	while (write(fd, &n, sizeof(n)) < 0) {
		if (errno == EAGAIN && wait_for(fd, POLLOUT, deadline_ns) == LINK_OK)
			continue;
		if (errno != EINTR || mistake(NO_EINTR_RETRY) || now_ns() >= deadline_ns)
			return say_errno("write");
	}
	return 0;
}

/*
 * What was added since the last time: LINK_OK and *n. A counter that is not O_NONBLOCK is waited for. LINK_SILENT:
 * nothing, or nothing yet, when a signal came.
 */
static enum link_end counter_take(int fd, uint64_t *n)
{
	ssize_t r = read(fd, n, sizeof(*n));

	if (r < 0 && (errno == EAGAIN || (errno == EINTR && !mistake(NO_EINTR_RETRY))))
		return LINK_SILENT;
	if (r != (ssize_t)sizeof(*n)) {
		say_errno("read");
		return LINK_FAILED;
	}
	/* Mistake: one read is taken for one event. The others that were added up in it are forgotten. */
	if (mistake(COUNTER_READ_AS_ONE))
		*n = 1;
	return LINK_OK;
}

/* Waits for a slice at most. */
static enum link_end slice_wait(struct pollfd *wanted, nfds_t n)
{
	if (poll(wanted, n, (int)(SHM_SLICE_NS / MS)) >= 0)
		return LINK_OK;
	if (errno == EINTR && !mistake(NO_EINTR_RETRY)) {
		for (nfds_t i = 0; i < n; i++)
			wanted[i].revents = 0;
		return LINK_OK;
	}
	say_errno("poll");
	return LINK_FAILED;
}

/* ---- the client ---- */

static int client_failed(const struct ref_options *o, const struct event_server *s, uint64_t answered, uint64_t sent)
{
	bool gone = getppid() != s->pid;

	if (gone)
		for (uint64_t n = answered + 1; n <= sent; n++)
			sabot_gave_up(o->client, SERVER_ID, n);
	return gone ? say("the server has gone") :
		      say("no answer to message %llu within 2 s", (unsigned long long)answered + 1);
}

static int client_run(const struct ref_options *o, void *data)
{
	struct event_server *s = data;
	int up = s->clients[o->client].up, down = s->clients[o->client].down;
	bool answers = pattern_answers(o->pattern);
	uint64_t sent = 0, answered = 0, n;
	int64_t deadline_ns = 0;	/* 0: something came after the last tick */

	if (clock_ticks())
		return 1;
	while (sent < o->messages || (answers && answered < o->messages)) {
		enum link_end end = LINK_SILENT;

		for (; sent < o->messages && (!answers || sent - answered < o->window); deadline_ns = 0) {
			sabot_sent(o->client, SERVER_ID, ++sent, 0, 0);
			if (counter_add(up, 1))
				return 1;
		}
		if (!answers)
			continue;
		end = counter_take(down, &n);
		if (end == LINK_FAILED)
			return 1;
		if (end == LINK_OK) {
			for (; n > 0 && answered < sent; n--)
				sabot_received(SERVER_ID, o->client, ++answered, 0, 0);
			deadline_ns = 0;
			continue;
		}
		if (deadline_ns == 0)
			deadline_ns = now_ns() + PATIENCE_NS;
		if (now_ns() >= deadline_ns || getppid() != s->pid)
			return client_failed(o, s, answered, sent);
	}
	close(up);
	close(down);
	return answers ? client_summary(o, "%u sent, %llu answered", o->messages, (unsigned long long)answered) :
			 client_summary(o, "%u sent", o->messages);
}

/* ---- the server ---- */

static void pace(const struct ref_options *o)
{
	struct timespec t = { .tv_sec = o->pace_ns / 1000000000, .tv_nsec = o->pace_ns % 1000000000 };

	while (o->pattern == PATTERN_SLOW_READER && nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* Something may have been added to this client's counter: LINK_OK, LINK_SILENT: no, or LINK_FAILED (said). */
static enum link_end client_serve(struct event_server *s, uint32_t id)
{
	struct counters *c = &s->clients[id];
	uint64_t n;
	enum link_end end = counter_take(c->up, &n);

	if (end != LINK_OK)
		return end;
	for (uint64_t i = 1; i <= n; i++) {
		sabot_received(id, SERVER_ID, ++c->received, 0, 0);
		if (pattern_answers(s->o->pattern))
			sabot_sent(SERVER_ID, id, c->received, 0, 0);
	}
	c->over = c->received >= s->o->messages;
	pace(s->o);
	return pattern_answers(s->o->pattern) && counter_add(c->down, n) ? LINK_FAILED : LINK_OK;
}

/* Nothing came for a while: is anybody no more, who would have to send? */
static int clients_look(struct event_server *s, const struct children *children)
{
	int status = 0;

	for (uint32_t id = 1; id <= s->o->n_clients; id++) {
		struct counters *c = &s->clients[id];

		if (c->over || !shm_process_gone(children->pids[id - 1]))
			continue;
		/* What it sent before is still there. */
		if (poll(&(struct pollfd){ .fd = c->up, .events = POLLIN }, 1, 0) == 1)
			status |= client_serve(s, id) == LINK_FAILED;
		if (!c->over)
			status |= say("client %u ended after %llu of %u messages", id, (unsigned long long)c->received,
				s->o->messages);
		c->over = true;
	}
	return status;
}

static int events_serve(struct event_server *s, const struct children *children)
{
	int status = 0;

	for (;;) {
		struct pollfd wanted[EVENT_CLIENTS];
		uint32_t n = s->o->n_clients, open = 0, ready = 0;

		for (uint32_t i = 0; i < n; i++) {
			bool over = s->clients[i + 1].over;

			wanted[i] = (struct pollfd){ .fd = over ? -1 : s->clients[i + 1].up, .events = POLLIN };
			open += !over;
		}
		if (open == 0)
			return status;
		/* Of one client only the counter is read straight away: read() waits. */
		if (n > 1 && slice_wait(wanted, n) != LINK_OK)
			return 1;
		for (uint32_t i = 0; i < n; i++) {
			enum link_end end = n == 1 || wanted[i].revents ? client_serve(s, i + 1) : LINK_SILENT;

			if (end == LINK_FAILED)
				return 1;
			ready += end == LINK_OK;
		}
		if (ready == 0)
			status |= clients_look(s, children);
	}
}

static int eventfd_serve(const struct ref_options *o)
{
	struct event_server s = { .o = o, .pid = getpid() };
	struct children children = { .n = 0 };
	int status = 0;

	if (o->n_clients > EVENT_CLIENTS)
		return say("there are counters for %d clients", EVENT_CLIENTS);
	stop_at_once(NULL);	/* there is nothing to remove: counters have no names */
	for (uint32_t id = 1; status == 0 && id <= o->n_clients; id++) {
		struct counters *c = &s.clients[id];

		/* Nobody waits in read() for one counter while others have been added to. */
		c->up = eventfd(0, EFD_CLOEXEC | (o->n_clients > 1 ? EFD_NONBLOCK : 0));
		c->down = eventfd(0, EFD_CLOEXEC);
		if (c->up < 0 || c->down < 0)
			status = say_errno("eventfd");
		else
			status = child_start(&children, o, id, client_run, &s);
	}
	if (status == 0)
		status = clock_ticks();
	if (status == 0) {
		server_ready();
		status = events_serve(&s, &children);
	}
	for (uint32_t id = 1; id <= children.n; id++) {
		close(s.clients[id].up);
		close(s.clients[id].down);
	}
	return children_wait(&children) | status;
}

const struct technique technique_eventfd = {
	.name = "eventfd", .serve = eventfd_serve,
};
