/* SPDX-License-Identifier: MIT */
/*
 * The numbered messages that programs told of through sabot.h. A message is known by (sender, receiver, sequence);
 * receiver 0, on either side, fits any. A second EV_SENT of the same message is a retransmission. Where messages have
 * priorities, bits 56 to 63 of the sequence are the priority and the rest counts. Only the messages of the first go are
 * judged by their numbers: a probe, and a service that was started again, begin to count anew.
 */
#ifndef CORE_CHECK_MESSAGES_H
#define CORE_CHECK_MESSAGES_H

#include "core/model/property.h"

struct message {
	uint32_t sender, receiver;
	uint64_t sequence;
	uint32_t sent;			/* index of the event that told of it first */
	uint32_t received, n_received;	/* index + 1 of the first receipt; how many there were */
	bool given_up;
};

struct receipt {
	uint32_t event;			/* index */
	uint32_t message;		/* index + 1; 0: nobody sent it */
};

/* The process behind an id of the program's own. */
struct identity {
	uint32_t id, proc;
};

struct messages {
	struct message *items;		/* in the order of (sender, sequence, receiver) */
	size_t n;
	struct receipt *receipts;	/* in the order of the history */
	size_t n_receipts;
	struct identity *identities;
	size_t n_identities;
};

/* Does the history have any, so that it is judged by them? Reference implementations always are. */
bool messages_are_told(const struct property_input *in);
void messages_init(struct messages *m, const struct history *h);
void messages_fini(struct messages *m);
/* Process index + 1 of an id; 0: never seen. */
uint32_t messages_who(const struct messages *m, uint32_t id);

/*
 * Was it sent, not received, and is somebody to blame for it? Not if it was given up, or an end of it died.
 */
bool message_is_lost(const struct property_input *in, const struct messages *m, const struct message *x);

static inline uint32_t message_priority(uint64_t sequence)
{
	return (uint32_t)(sequence >> 56);
}

static inline uint64_t message_number(uint64_t sequence)
{
	return sequence & (((uint64_t)1 << 56) - 1);
}

/* "message 7 from 1 to 2" into a fixed text, which is returned. */
enum { MESSAGE_TEXT = 80 };
const char *message_text(const struct event *told, char text[MESSAGE_TEXT]);

#endif
