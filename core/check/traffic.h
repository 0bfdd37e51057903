/* SPDX-License-Identifier: MIT */
/*
 * What crossed the channels of programs that number no messages: bytes of streams, and datagrams known by their hash.
 *
 * Bytes are judged only where both ends of the channel were seen, somebody did read from it, every transfer was
 * counted (no splice), nobody at the reading end died, and only those that were sent before the reader closed: a writer
 * cannot know that the door is shut. What a reader leaves unread when it closes by itself is lost all the same, unless
 * the writer was told (EPIPE, ECONNRESET, SIGPIPE), as in `yes | head -1`, or is the reader itself: who is woken up
 * by a pipe of its own need not look into it before it ends.
 *
 * Datagrams are compared within a group: a queue, a seqpacket connection, or all sockets of a kind. One that is sent
 * again after its sender had waited in vain replaces the first; so does one that is sent again where a strike dropped
 * the first. What else the network did by a strike (doubled, changed, cut, held back) is the network's doing: only
 * what the programs make of it counts, and that these properties cannot see.
 */
#ifndef CORE_CHECK_TRAFFIC_H
#define CORE_CHECK_TRAFFIC_H

#include "core/check/datagrams.h"

/* One direction of a stream. */
struct flow {
	uint32_t channel;		/* index + 1 */
	uint32_t into, out_of;		/* objects: the writer's end and the reader's; the same for a pipe */
	uint64_t sent, received;	/* bytes; only what was sent in time */
	uint32_t last_sent;		/* index + 1 of the last send in time */
	bool judged;
};

struct traffic {
	struct flow *flows;
	size_t n_flows;
	struct datagram *datagrams;	/* in the order of (group, hash, event) */
	size_t n_datagrams;
};

void traffic_init(struct traffic *t, const struct property_input *in);
void traffic_fini(struct traffic *t);
/* Is there anything to judge by bytes, or by datagrams? */
bool traffic_has_flows(const struct traffic *t);

#endif
