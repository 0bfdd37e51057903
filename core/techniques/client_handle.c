/* SPDX-License-Identifier: MIT */
/* One client of a server with connections: the state machine that every design drives. */
#include "core/techniques/connection.h"

#include <errno.h>

#include "core/base/str.h"
#include "core/base/banned.h"

struct client_handle *client_handle_new(const struct ref_options *o, const struct connection_calls *calls,
	int data_socket)
{
	struct client_handle *h = mem_new(sizeof(*h));

	h->o = o;
	h->calls = calls;
	h->data_socket = data_socket;
	h->message = mem_new(sizeof(*h->message));
	h->out = mem_new(sizeof(*h->out));
	inbox_init(&h->in);
	return h;
}

/* close() ends the descriptor even when it says EINTR: on Linux there is nothing to be done again. */
static void data_socket_close(int data_socket)
{
	int r = close(data_socket);

	/*
	 * Mistake: called again, it closes nothing, or a descriptor that somebody else has got meanwhile. Here the
	 * failure is noticed, and taken for the server's own.
	 */
	if (r < 0 && errno == EINTR && mistake(EINTR_RETRIED_ON_CLOSE) && close(data_socket) < 0) {
		say_errno("close the data socket");
		_exit(1);
	}
}

struct client_handle *client_handle_free(struct client_handle *h)
{
	service_end(h->o, &h->peer);
	if (h->data_socket >= 0)
		data_socket_close(h->data_socket);
	inbox_fini(&h->in);
	free(h->message);
	free(h->out);
	free(h);
	return NULL;
}

static enum turn handle_failed(struct client_handle *h, const char *what)
{
	say_errno("client %u: %s", h->peer.id, what);
	/*
	 * Mistake: the way out for errors is not the way out for the end. The handle stays open, and a server that
	 * meets such clients often enough runs out of descriptors.
	 */
	if (mistake(LEAK_FD_ON_ERROR))
		h->data_socket = -1;
	return TURN_FAILED;
}

static enum turn handle_damaged(struct client_handle *h)
{
	errno = EBADMSG;
	return handle_failed(h, "what came makes no sense");
}

/* Writes what is due. TURN_MORE: all of it. */
static enum turn out_flush(struct client_handle *h)
{
	while (h->out_begin < h->out_end) {
		ssize_t n = h->calls->write(
			h->data_socket, (unsigned char *)h->out + h->out_begin, h->out_end - h->out_begin);

		if (n < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY))
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return TURN_WRITE;
		if (n < 0)
			return handle_failed(h, "write");
		/*
		 * Mistake: write() says how much it took, and nobody listens. The rest of the message is never sent,
		 * and the client takes the beginning of the next one for it.
		 */
		if (mistake(SHORT_WRITE))
			n = (ssize_t)(h->out_end - h->out_begin);
		h->out_begin += (size_t)n;
	}
	return TURN_MORE;
}

/* Takes one message from the inbox, if a whole one is there, or makes the next one of the server's own. */
static enum turn message_serve(struct client_handle *h, bool *more)
{
	size_t size = 0;
	enum take take = TAKE_NOTHING;

	*more = true;
	switch (inbox_next(&h->in, h->calls->boundaries, h->message, &size)) {
	case INBOX_DAMAGED:
		return handle_damaged(h);
	case INBOX_MESSAGE:
		take = service_take(h->o, &h->peer, false, h->message, size, h->out);
		break;
	case INBOX_PART:
		*more = service_next(h->o, &h->peer, 0, h->out);
		take = *more ? TAKE_REPLY : TAKE_NOTHING;
		break;
	}
	if (take == TAKE_DAMAGED)
		return handle_damaged(h);
	if (take == TAKE_REPLY) {
		h->out_begin = 0;
		h->out_end = message_size(h->out);
	}
	return TURN_MORE;
}

static enum turn bytes_read(struct client_handle *h)
{
	ssize_t n = inbox_fill(&h->in, h->calls, h->data_socket);

	if (n > 0)
		return TURN_MORE;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || (errno == EINTR && stop_asked())))
		return TURN_READ;
	if (n < 0)
		return handle_failed(h, "read");
	/*
	 * Mistake: nothing came, so nothing happened? 0 means that the client has closed its side, for good: every
	 * read from now on gives 0 at once, and the server reads for ever.
	 */
	if (mistake(IGNORE_EOF))
		return h->edge ? TURN_READ : TURN_MORE;
	if (h->in.end > h->in.begin) {
		errno = ECONNRESET;
		return handle_failed(h, "it went in the middle of a message");
	}
	return TURN_END;
}

enum turn client_handle_turn(struct client_handle *h)
{
	for (bool has_read = false, more;;) {
		enum turn turn = out_flush(h);

		if (turn == TURN_MORE)
			turn = message_serve(h, &more);
		if (turn != TURN_MORE)
			return turn;
		if (more)
			continue;
		/*
		 * Level-triggered waits tell again of what is left, so one read is enough, and fair to the others.
		 * Mistake: an edge is told once. Who does not read until EAGAIN leaves the rest in the buffer, and
		 * no edge will ever tell of it.
		 */
		if (has_read && (!h->edge || mistake(EDGE_NOT_DRAINED)))
			return TURN_MORE;
		turn = bytes_read(h);
		if (turn != TURN_MORE)
			return turn;
		has_read = true;
	}
}

void client_handle_serve(struct client_handle *h)
{
	enum turn turn;

	do
		turn = client_handle_turn(h);
	while (turn == TURN_MORE && !stop_asked());
	if ((turn == TURN_READ || turn == TURN_WRITE) && !stop_asked()) {
		errno = ETIMEDOUT;
		handle_failed(h, "nothing for too long");
	}
}
