/* SPDX-License-Identifier: MIT */
/*
 * What crosses the Unix stream socket. A stream has no messages, so these have a fixed length: 32 bytes, gathered until
 * they are whole. Both sides are on one machine and share its byte order.
 *
 *   client      HELLO  id                      -> server's answer: the last sequence applied for id, and its row's value
 *   client      UPDATE id, sequence, amount    -> the same again: it has been applied
 *   subscriber  SUBSCRIBE id                   -> the answer, with two descriptors: the snapshot, the change notice
 *
 * The answer has the kind of its request. Answers come in the order of the requests. A connection that ends, for
 * whatever reason, has answered what it has answered: the client connects again and sends all the rest again. The
 * sequence tells the server what it has applied before, so nothing is lost, and nothing applied twice.
 */
#ifndef SCENARIOS_CAPSTONE_WIRE_H
#define SCENARIOS_CAPSTONE_WIRE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/un.h>

enum kind { HELLO = 1, UPDATE = 2, SUBSCRIBE = 3 };

/* The ids that sabot.h is told: clients are 1 … ROWS - 1 (table.h). */
enum { SERVER_ID = 1000 };

struct message {
	uint32_t kind, id;
	uint64_t sequence;
	int64_t number;		/* amount of an update; the answer to HELLO: value of the row */
	uint64_t checksum;	/* of all before it */
};
static_assert(sizeof(struct message) == 32, "the same for everybody");

/* FNV-1a of n bytes. */
uint64_t checksum_of(const void *bytes, size_t n);
struct message message_make(enum kind kind, uint32_t id, uint64_t sequence, int64_t number);
bool message_is_whole(const struct message *m);

/* The server's socket in a directory. False (said) if the name is too long for a socket. */
bool socket_name(const char *directory, struct sockaddr_un *address);

#endif
