/* SPDX-License-Identifier: MIT */
#include "core/techniques/message.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/rng.h"
#include "core/base/banned.h"

#define PAYLOAD_STEP 0x9e3779b97f4a7c15u

/* Two words of a payload at once: the compiler makes of it what the processor has. */
typedef uint64_t word_pair __attribute__((vector_size(16)));

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

/* flatten: what is hashed here is short, and a call costs. */
__attribute__((flatten)) uint64_t message_payload_sum(const struct message *m)
{
	return XXH3_64bits(m->payload, m->length <= MESSAGE_MAX ? m->length : MESSAGE_MAX);
}

/* The header but its sum, as words: who has filled it just now has them in registers, and need not load it again. */
struct header {
	uint64_t words[4];
};

static uint64_t pair(uint32_t first, uint32_t second)
{
	return first | (uint64_t)second << 32;
}

/* The hash of so many words, inline, is two dozen instructions. */
__attribute__((flatten)) static inline uint64_t header_sum(struct header h, uint64_t payload_sum)
{
	return XXH3_64bits_withSeed(h.words, sizeof(h.words), payload_sum);
}

uint64_t message_sum_with(const struct message *m, uint64_t payload_sum)
{
	return header_sum((struct header){ { pair(m->magic, m->kind), pair(m->sender, m->receiver), m->sequence,
		pair(m->length, m->session) } }, payload_sum);
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

static struct header header_fill(
	struct message *m, enum message_kind kind, struct route route, uint64_t sequence, uint32_t length)
{
	m->magic = MESSAGE_MAGIC;
	m->kind = kind;
	m->sender = route.sender;
	m->receiver = route.receiver;
	m->sequence = sequence;
	m->length = length;
	m->session = route.session;
	return (struct header){ { pair(MESSAGE_MAGIC, kind), pair(route.sender, route.receiver), sequence,
		pair(length, route.session) } };
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

/* Steps of an odd number come past every value: no two words of a message are alike. */
static void payload_fill(unsigned char *at, uint32_t length, uint64_t first)
{
	word_pair words = { first, first + PAYLOAD_STEP };

	for (; length >= sizeof(words); length -= (uint32_t)sizeof(words)) {
		memcpy(at, &words, sizeof(words));
		at += sizeof(words);
		words += 2 * PAYLOAD_STEP;
	}
	if (length > 0) {
		const word_pair rest = words;	/* words itself stays in a register */

		memcpy(at, &rest, length);
	}
}

void message_data(struct message *m, struct route route, uint64_t sequence, uint32_t length, uint64_t seed)
{
	struct header header = header_fill(m, MESSAGE_DATA, route, sequence, length);

	payload_fill(m->payload, length,
		rng_mix(seed ^ rng_mix(pair(route.sender, route.receiver)) ^ sequence));
	m->checksum = header_sum(header, message_payload_sum(m));
}

void message_echo(struct message *reply, const struct message *m, struct route route, uint64_t payload_sum)
{
	struct header header = header_fill(reply, MESSAGE_DATA, route, m->sequence, m->length);

	memcpy(reply->payload, m->payload, m->length);
	reply->checksum = header_sum(header, payload_sum);
}
