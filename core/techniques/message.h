/* SPDX-License-Identifier: MIT */
/*
 * The messages of the reference implementations: a header and a payload, contiguous, so that one call can carry both.
 * The payload is a pure function of seed, sender and sequence; the checksum covers header and payload. Every function
 * here is pure or writes only what it is given; all are async-signal-safe and thread-safe.
 */
#ifndef CORE_TECHNIQUES_MESSAGE_H
#define CORE_TECHNIQUES_MESSAGE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAGIC 0x5ab07u
#define SERVER_ID 1000000u	/* sender or receiver that is the server; client i is i, from 1 */

enum {
	MESSAGE_HEADER = 40,
	MESSAGE_MAX = 65536,	/* bytes of payload */
};

enum message_kind {
	MESSAGE_DATA = 1, /* the numbered messages of the workload: what sabot.h is told of */
	MESSAGE_HELLO, /* client → server: here I am (fan-out: send me yours) */
	MESSAGE_ACK, /* sequence = highest number received in order; only where datagrams can be lost, or fan-out */
	MESSAGE_END, /* client → server: sequence = so many were sent; payload: hash of the file (bulk) */
	MESSAGE_RESULT, /* server → client: sequence = so many were received; payload as END */
};

struct message {
	uint32_t magic;
	uint32_t kind;		/* enum message_kind */
	uint32_t sender, receiver;
	uint64_t sequence;	/* data: 1, 2, … for each pair of sender and receiver */
	uint32_t length;	/* bytes of payload that follow */
	uint32_t session;	/* the client's process id: a client that starts anew is somebody else */
	uint64_t checksum;	/* of everything but itself */
	unsigned char payload[MESSAGE_MAX];
};
static_assert(offsetof(struct message, payload) == MESSAGE_HEADER, "no holes on the wire");

/* Bytes on the wire. */
static inline size_t message_size(const struct message *m)
{
	return MESSAGE_HEADER + (size_t)m->length;
}

/* FNV-1a, continued from `hash` (begin with HASH_BASIS). */
#define HASH_BASIS 0xcbf29ce484222325u
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n);

/* Sums up the message as it is now; message_seal() stores the sum, message_sum_fits() compares it. */
uint64_t message_checksum(const struct message *m);
/* The same in two steps: the sum of the payload does not change when the payload is sent on under another header. */
uint64_t message_payload_sum(const struct message *m);
uint64_t message_sum_with(const struct message *m, uint64_t payload_sum);
void message_seal(struct message *m);
bool message_sum_fits(const struct message *m);
/* Could these be the first bytes of a message? Looks at magic, kind and length; m holds at least a header. */
static inline bool message_plausible(const struct message *m)
{
	return m->magic == MESSAGE_MAGIC && m->kind >= MESSAGE_DATA && m->kind <= MESSAGE_RESULT &&
		m->length <= MESSAGE_MAX;
}

/* Who speaks to whom in which session. */
struct route {
	uint32_t sender, receiver, session;
};
/* A sealed message without payload, and one with the 8 bytes of `word` as its payload. */
void message_control(struct message *m, enum message_kind kind, struct route route, uint64_t sequence);
void message_control_word(struct message *m, enum message_kind kind, struct route route, uint64_t sequence,
	uint64_t word);
/* The word of a control message; 0 if it has none. */
uint64_t message_word(const struct message *m);
/* A sealed DATA message with `length` bytes of payload made from seed, sender, receiver and sequence. */
void message_data(struct message *m, struct route route, uint64_t sequence, uint32_t length, uint64_t seed);
/* A sealed DATA message with the number and payload of m (a whole one), whose payload sums up to payload_sum. */
void message_echo(struct message *reply, const struct message *m, struct route route, uint64_t payload_sum);

#endif
