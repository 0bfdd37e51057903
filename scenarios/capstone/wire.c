/* SPDX-License-Identifier: MIT */
#include "scenarios/capstone/wire.h"

#include <stdio.h>
#include <sys/socket.h>

#include "scenarios/capstone/common.h"
#include "core/base/banned.h"

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

uint64_t checksum_of(const void *bytes, size_t n)
{
	const unsigned char *at = bytes;
	uint64_t sum = FNV_BASIS;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ at[i]) * FNV_PRIME;
	return sum;
}

struct message message_make(enum kind kind, uint32_t id, uint64_t sequence, int64_t number)
{
	struct message m = { .kind = kind, .id = id, .sequence = sequence, .number = number };

	m.checksum = checksum_of(&m, offsetof(struct message, checksum));
	return m;
}

bool message_is_whole(const struct message *m)
{
	return m->checksum == checksum_of(m, offsetof(struct message, checksum));
}

bool socket_name(const char *directory, struct sockaddr_un *address)
{
	int n;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/table.sock", directory);
	if (n > 0 && (size_t)n < sizeof(address->sun_path))
		return true;
	say("%s: too long for the name of a socket", directory);
	return false;
}
