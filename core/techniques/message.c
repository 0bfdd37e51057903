/* SPDX-License-Identifier: MIT */
#include "core/techniques/message.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/rng.h"
#include "core/base/banned.h"

#define PAYLOAD_STEP 0x9e3779b97f4a7c15u

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

uint64_t message_payload_sum(const struct message *m)
{
	return XXH3_64bits(m->payload, m->length <= MESSAGE_MAX ? m->length : MESSAGE_MAX);
}

/* The header has a fixed size: the hash of just so many bytes, inline, is a dozen instructions. */
__attribute__((flatten)) uint64_t message_sum_with(const struct message *m, uint64_t payload_sum)
{
	return XXH3_64bits_withSeed(m, offsetof(struct message, checksum), payload_sum);
}

uint64_t message_checksum(const struct message *m)
{
	return message_sum_with(m, message_payload_sum(m));
}

void message_seal(struct message *m)
{
	m->checksum = message_checksum(m);
}

bool message_sum_fits(const struct message *m)
{
	return m->checksum == message_checksum(m);
}

bool message_plausible(const struct message *m)
{
	return m->magic == MESSAGE_MAGIC && m->kind >= MESSAGE_DATA && m->kind <= MESSAGE_RESULT &&
		m->length <= MESSAGE_MAX;
}

static void header_fill(
	struct message *m, enum message_kind kind, struct route route, uint64_t sequence, uint32_t length)
{
	m->magic = MESSAGE_MAGIC;
	m->kind = kind;
	m->sender = route.sender;
	m->receiver = route.receiver;
	m->sequence = sequence;
	m->length = length;
	m->session = route.session;
}

void message_control(struct message *m, enum message_kind kind, struct route route, uint64_t sequence)
{
	header_fill(m, kind, route, sequence, 0);
	message_seal(m);
}

void message_control_word(struct message *m, enum message_kind kind, struct route route, uint64_t sequence,
	uint64_t word)
{
	header_fill(m, kind, route, sequence, sizeof(word));
	memcpy(m->payload, &word, sizeof(word));
	message_seal(m);
}

uint64_t message_word(const struct message *m)
{
	uint64_t word = 0;

	if (m->length == sizeof(word))
		memcpy(&word, m->payload, sizeof(word));
	return word;
}

void message_data(struct message *m, struct route route, uint64_t sequence, uint32_t length, uint64_t seed)
{
	uint64_t word = rng_mix(seed ^ rng_mix((uint64_t)route.sender << 32 | route.receiver) ^ sequence);
	uint32_t at = 0;

	header_fill(m, MESSAGE_DATA, route, sequence, length);
	/* Steps of an odd number come past every value: no two words of a message are alike. */
	for (; at + sizeof(word) <= length; at += sizeof(word), word += PAYLOAD_STEP)
		memcpy(m->payload + at, &word, sizeof(word));
	memcpy(m->payload + at, &word, length - at);
	message_seal(m);
}

void message_echo(struct message *reply, const struct message *m, struct route route, uint64_t payload_sum)
{
	header_fill(reply, MESSAGE_DATA, route, m->sequence, m->length);
	memcpy(reply->payload, m->payload, m->length);
	reply->checksum = message_sum_with(reply, payload_sum);
}
