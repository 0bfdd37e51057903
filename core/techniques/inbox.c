/* SPDX-License-Identifier: MIT */
/* From bytes to messages: where most mistakes with streams are made. */
#include "core/techniques/connection.h"

#include <errno.h>

#include "core/base/str.h"
#include "core/base/banned.h"

enum { INBOX_ROOM = 2 * (MESSAGE_HEADER + MESSAGE_MAX), SMALL_READ = 512 };

void inbox_init(struct inbox *in)
{
	*in = (struct inbox){ .bytes = mem_new(INBOX_ROOM) };
}

void inbox_fini(struct inbox *in)
{
	free(in->bytes);
	*in = (struct inbox){ .bytes = NULL };
}

ssize_t inbox_fill(struct inbox *in, const struct connection_calls *calls, int handle)
{
	size_t room;
	ssize_t n;

	if (in->begin > 0) {
		memmove(in->bytes, in->bytes + in->begin, in->end - in->begin);
		in->end -= in->begin;
		in->begin = 0;
	}
	room = INBOX_ROOM - in->end;
	/*
	 * Mistake: who reads once for each edge, however small his buffer, leaves the rest to an edge that does not
	 * come (see client_handle_turn).
	 */
	if (mistake(EDGE_NOT_DRAINED) && room > SMALL_READ)
		room = SMALL_READ;
	do
		n = calls->read(handle, in->bytes + in->end, room);
	/*
	 * Mistake: a read that a signal interrupted (EINTR) has read nothing and broken nothing; it only has to be
	 * made again. Without the loop, one harmless signal ends the conversation.
	 */
	while (n < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY) && !stop_asked());
	if (n > 0)
		in->end += (size_t)n;
	return n;
}

static enum inbox_state message_copy(struct inbox *in, struct message *m, size_t n, size_t *size)
{
	memcpy(m, in->bytes + in->begin, n);
	*size = n;
	in->begin += n;
	return INBOX_MESSAGE;
}

/* The mistake SHORT_READ: pretends that n bytes have come. */
static size_t believe_in(struct inbox *in, size_t n)
{
	size_t used = in->end - in->begin;

	memmove(in->bytes, in->bytes + in->begin, used);
	memset(in->bytes + used, 0, n - used);
	in->begin = 0;
	in->end = n;
	return n;
}

enum inbox_state inbox_next(struct inbox *in, bool boundaries, struct message *m, size_t *size)
{
	size_t used = in->end - in->begin, whole;

	if (used == 0)
		return INBOX_PART;
	if (boundaries)
		return used <= sizeof(*m) ? message_copy(in, m, used, size) : INBOX_DAMAGED;
	/*
	 * Mistake: read() was asked for a whole message, so a whole message must have come. But a stream gives what
	 * is there: what is missing is taken from whatever the buffer holds, and when it comes at last, it is taken
	 * for the next message.
	 */
	if (mistake(SHORT_READ) && used < MESSAGE_HEADER)
		used = believe_in(in, MESSAGE_HEADER);
	if (used < MESSAGE_HEADER)
		return INBOX_PART;
	memcpy(m, in->bytes + in->begin, MESSAGE_HEADER);
	if (!message_plausible(m))
		return INBOX_DAMAGED;
	whole = message_size(m);
	if (mistake(SHORT_READ) && used < whole)
		used = believe_in(in, whole);
	if (used < whole)
		return INBOX_PART;
	message_copy(in, m, whole, size);
	/*
	 * Mistake: one read() is taken for one message. If the sender was quicker than the reader, two have come
	 * together, and the second is thrown away with the buffer.
	 */
	if (mistake(ONE_READ_ONE_MESSAGE))
		in->begin = in->end;
	return INBOX_MESSAGE;
}
