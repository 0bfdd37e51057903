/* SPDX-License-Identifier: MIT */
/*
 * What a server does with a message, whatever carried it: check it, tell it, answer it. A pure state machine per
 * client (bulk aside, which writes a file), so that every design and every technique shares it.
 */
#ifndef CORE_TECHNIQUES_SERVICE_H
#define CORE_TECHNIQUES_SERVICE_H

#include "core/base/rng.h"
#include "core/techniques/impl.h"

/* What the server knows of one client. Zeroed to begin with. */
struct peer {
	uint32_t id;		/* 0: has not said anything yet */
	uint32_t session;
	uint64_t received;	/* highest number taken in order */
	uint64_t taken;		/* data messages taken: the same, unless somebody makes a mistake */
	uint64_t replied;	/* highest number answered */
	uint64_t sent, acked;	/* fan-out: highest number sent, acknowledged */
	int64_t resend_ns;	/* fan-out over a lossy link: when to send again */
	uint32_t tries;
	int copy;		/* bulk: descriptor of the copy + 1; 0: none */
	uint64_t copy_hash;	/* … when it was complete */
	bool done;		/* it has sent END */
};

enum take {
	TAKE_NOTHING, /* no answer is due */
	TAKE_REPLY, /* *reply is to be sent */
	TAKE_DAMAGED, /* not a whole message, or not the one that was sent: no sense can be made of what follows */
};

/* m came in `size` bytes. Over a lossy link, what is damaged, doubled or too early is passed over. */
enum take service_take(const struct ref_options *o, struct peer *p, bool lossy, const struct message *m, size_t size,
	struct message *reply);
/* The next message that the server sends of its own accord (fan-out). False: none is due now. */
bool service_next(const struct ref_options *o, struct peer *p, size_t largest, struct message *m);
/* Fan-out: what has been sent already, once more. */
void service_again(
	const struct ref_options *o, const struct peer *p, size_t largest, uint64_t sequence, struct message *m);
/* The conversation is over, well or not: releases what it holds, and gives up the answers that nobody confirmed. */
void service_end(const struct ref_options *o, struct peer *p);

/* Bytes of payload of a message: the same for everybody who knows the options. Pure. */
static inline uint32_t payload_length(
	const struct ref_options *o, uint32_t client, uint64_t sequence, size_t largest)
{
	size_t max = largest && largest < o->size_max ? largest : o->size_max;
	size_t min = o->size_min < max ? o->size_min : max;

	/* The chunks of a file are of one size, so that the place of each in the file is known. */
	if (o->pattern == PATTERN_BULK || min == max)
		return (uint32_t)max;
	return (uint32_t)(min + rng_mix(o->seed ^ rng_mix(client) ^ sequence) % (max - min + 1));
}
/* Does every request of the pattern get an answer of its own? */
bool pattern_answers(enum pattern p);
/* --dir/name-client; the text is cut if the directory's name is too long, and open() will say so. */
void path_of(const struct ref_options *o, const char *name, uint32_t client, char *out, size_t size);
/* Hash of a whole file. 0, or 1 (said). */
int file_hash(const char *path, uint64_t *hash);

/* How many clients a server keeps apart. */
enum { CLIENTS_MAX = 1000 };

#endif
