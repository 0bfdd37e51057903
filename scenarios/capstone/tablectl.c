/* SPDX-License-Identifier: MIT */
/*
 * tablectl: a client of the table service.
 *
 *   tablectl DIRECTORY ID UPDATES [WINDOW [PATIENCE_MS]]
 *
 * Makes UPDATES updates to the row of client ID (1 … 15, its own: no two clients share one), adding 1, 2, 3, …, with up
 * to WINDOW (default 4) of them unanswered, and looks at the end whether its row has grown by just their sum. When a
 * connection ends, it makes another and sends again what was not answered. It gives up if nothing comes back for
 * PATIENCE_MS (default 2000). Exit status 0 if all was well, else 1 and a sentence.
 *
 * The steps: socket(), connect(); HELLO: how far did I get?; write() and read(), updates and answers; HELLO again: what
 * is my row now?; close().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/include/sabot.h"
#include "scenarios/capstone/common.h"
#include "scenarios/capstone/link.h"
#include "scenarios/capstone/table.h"
#include "scenarios/capstone/wire.h"
#include "core/base/banned.h"

enum { WINDOW_MOST = 64, WINDOW = 4, PATIENCE_MS = 2000 };

struct client {
	struct sockaddr_un address;
	uint32_t id;
	size_t window;
	int64_t patience_ns, until_ns;	/* gives up then, unless an answer comes */
	int data_socket;		/* -1: not connected */
	int pause_ms;
	struct message waiting[WINDOW_MOST];	/* requests without an answer, the oldest first */
	size_t n_waiting;
	size_t n_written;		/* bytes of them that this connection has taken */
	struct message answer;		/* the next one … */
	size_t n_answer;		/* … and how many bytes of it have come */
	struct message last;		/* the last answer that was whole */
};

/* Whatever is wrong with a connection, this is the remedy: forget it; what is unanswered goes over the next one. */
static void connection_drop(struct client *c)
{
	c->data_socket = fd_close(c->data_socket);
	c->n_written = 0;
	c->n_answer = 0;
}

static void request_add(struct client *c, struct message m)
{
	if (m.kind == UPDATE)
		sabot_sent(c->id, SERVER_ID, m.sequence, sizeof(m), m.checksum);
	c->waiting[c->n_waiting++] = m;
	c->until_ns = now_ns() + c->patience_ns;
}

/* Writes what the socket takes of the requests that it has not had. */
static void requests_write(struct client *c)
{
	size_t n = c->n_waiting * sizeof(c->waiting[0]) - c->n_written;
	ssize_t r = send(c->data_socket, (const char *)c->waiting + c->n_written, n, MSG_NOSIGNAL);

	if (r > 0)
		c->n_written += (size_t)r;
	else if (r < 0 && errno != EINTR && errno != EAGAIN)
		connection_drop(c);
}

/* An answer is there: it is that of the oldest request. 0, or 1 (said). */
static int answer_take(struct client *c)
{
	const struct message *asked = &c->waiting[0], *a = &c->answer;

	if (!message_is_whole(a) || a->kind != asked->kind || a->id != c->id ||
		(a->kind == UPDATE && (a->sequence != asked->sequence || a->number != asked->number)))
		return say("client %u: this is no answer to request %llu", c->id, (unsigned long long)asked->sequence);
	if (a->kind == UPDATE)
		sabot_received(SERVER_ID, c->id, a->sequence, sizeof(*a), a->checksum);
	c->last = *a;
	c->n_answer = 0;
	c->n_waiting--;
	c->n_written -= sizeof(c->waiting[0]);
	memmove(c->waiting, c->waiting + 1, c->n_waiting * sizeof(c->waiting[0]));
	c->until_ns = now_ns() + c->patience_ns;
	c->pause_ms = 0;
	return 0;
}

/* One read is not one message: it may bring a part of an answer, or nothing. 0, or 1 (said). */
static int answers_read(struct client *c)
{
	ssize_t r = recv(c->data_socket, (char *)&c->answer + c->n_answer, sizeof(c->answer) - c->n_answer, 0);

	if (r < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (r <= 0) {
		connection_drop(c);
		return 0;
	}
	c->n_answer += (size_t)r;
	if (c->n_answer < sizeof(c->answer))
		return 0;
	/* An answer to what has not been written whole would be one to something else. */
	if (c->n_written < sizeof(c->waiting[0]))
		return say("client %u: an answer without a request", c->id);
	return answer_take(c);
}

static int client_turn(struct client *c)
{
	struct pollfd fd = { .events = POLLIN };

	if (c->data_socket < 0)
		c->data_socket = server_connect(&c->address, c->until_ns, &c->pause_ms);
	if (stop_asked())
		return say("client %u: asked to stop", c->id);
	if (c->data_socket < 0 || now_ns() >= c->until_ns)
		return say("client %u: no answer to request %llu", c->id, (unsigned long long)c->waiting[0].sequence);
	fd.fd = c->data_socket;
	if (c->n_written < c->n_waiting * sizeof(c->waiting[0]))
		fd.events |= POLLOUT;
	if (!wait_for(&fd, 1, c->until_ns))
		return 0;
	if (fd.revents & POLLOUT)
		requests_write(c);
	if (c->data_socket >= 0 && fd.revents & ~POLLOUT)
		return answers_read(c);
	return 0;
}

/* Goes on until no more than n requests are unanswered. */
static int client_wait(struct client *c, size_t n)
{
	int status = 0;

	while (status == 0 && c->n_waiting > n)
		status = client_turn(c);
	return status;
}

static int client_ask(struct client *c)
{
	request_add(c, message_make(HELLO, c->id, 0, 0));
	return client_wait(c, 0);
}

static int client_run(struct client *c, int64_t updates)
{
	uint64_t first;
	int64_t before, sum = 0;

	if (client_ask(c))
		return 1;
	/* The sequence goes on where an earlier run of this client has stopped, or was killed. */
	first = c->last.sequence;
	before = c->last.number;
	for (int64_t i = 1; i <= updates; i++) {
		if (client_wait(c, c->window - 1))
			return 1;
		request_add(c, message_make(UPDATE, c->id, first + (uint64_t)i, i));
		sum += i;
	}
	if (client_wait(c, 0) || client_ask(c))
		return 1;
	if (c->last.number - before != sum)
		return say("client %u: the updates add up to %lld, but the row has grown by %lld", c->id, (long long)sum,
			(long long)(c->last.number - before));
	print_line("client %u: %lld updates, %lld in all", c->id, (long long)updates, (long long)sum);
	return 0;
}

static bool number_read(const char *text, int64_t min, int64_t max, int64_t *to)
{
	char *end;

	errno = 0;
	*to = strtoll(text, &end, 10);
	return end != text && *end == '\0' && errno == 0 && *to >= min && *to <= max;
}

int main(int argc, char **argv)
{
	struct client c = { .data_socket = -1 };
	int64_t id, updates, window = WINDOW, patience_ms = PATIENCE_MS;
	int status;

	signals_prepare("tablectl");
	if (argc < 4 || argc > 6 || !number_read(argv[2], 1, ROWS - 1, &id) ||
		!number_read(argv[3], 0, 1000000, &updates) ||
		(argc > 4 && !number_read(argv[4], 1, WINDOW_MOST, &window)) ||
		(argc > 5 && !number_read(argv[5], 1, 3600000, &patience_ms)))
		return say("usage: tablectl DIRECTORY ID UPDATES [WINDOW [PATIENCE_MS]]");
	if (!socket_name(argv[1], &c.address))
		return 1;
	c.id = (uint32_t)id;
	c.window = (size_t)window;
	c.patience_ns = patience_ms * NS_PER_MS;
	status = client_run(&c, updates);
	/* What is unanswered may have been applied, or not: that is said, and nobody is blamed for it. */
	for (size_t i = 0; i < c.n_waiting; i++)
		if (c.waiting[i].kind == UPDATE) {
			sabot_gave_up(c.id, SERVER_ID, c.waiting[i].sequence);
			sabot_gave_up(SERVER_ID, c.id, c.waiting[i].sequence);
		}
	connection_drop(&c);
	return status;
}
