/* SPDX-License-Identifier: MIT */
#include "core/check/kinds.h"

#include "core/base/banned.h"

bool kind_is_stream(uint32_t kind)
{
	return kind == OBJ_UNIX_STREAM || kind == OBJ_SOCKETPAIR || kind == OBJ_TCP || kind == OBJ_PIPE ||
	       kind == OBJ_FIFO;
}

bool kind_is_datagram(uint32_t kind)
{
	return kind == OBJ_UNIX_DGRAM || kind == OBJ_UDP || kind == OBJ_UNIX_SEQPACKET || kind == OBJ_POSIX_MQ ||
		kind == OBJ_SYSV_MQ;
}

bool kind_is_connection(uint32_t kind)
{
	return kind == OBJ_UNIX_STREAM || kind == OBJ_UNIX_SEQPACKET || kind == OBJ_TCP;
}

bool history_has(const struct history *h, bool (*is)(uint32_t kind))
{
	for (size_t i = 0; h && i < h->n_channels; i++)
		if (is(h->channels[i].kind) && !h->channels[i].listener && !h->channels[i].standard)
			return true;
	return false;
}
