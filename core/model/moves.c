/* SPDX-License-Identifier: MIT */
/* What history/ asks of the table of calls. */
#include <stdatomic.h>
#include <string.h>

#include "core/history/history.h"
#include "core/model/call.h"
#include "core/base/banned.h"

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static uint8_t moves_of(const char *plain)
{
	static const char *const asked[] = { "mq_send", "mq_timedsend", "msgsnd", NULL };
	static const char *const uncounted[] = { "sendmmsg", "recvmmsg", "sendfile", "splice", "tee", NULL };
	static const char *const nothing[] = { "eventfd_read", "eventfd_write", NULL };

	if (is_one_of(plain, asked))
		return MOVES_ASKED;
	if (is_one_of(plain, uncounted))
		return MOVES_UNCOUNTED;
	return is_one_of(plain, nothing) ? MOVES_NOTHING : MOVES_RESULT;
}

static struct history_call call_of(uint32_t row)
{
	struct history_call call = { .family = call_table[row].family };

	if (call.family == FAMILY_SEND)
		call.way = WAY_IN;
	else if (call.family == FAMILY_RECEIVE)
		call.way = WAY_OUT;
	if (call.way != WAY_NONE)
		call.moves = moves_of(call_table[row].plain);
	return call;
}

/* Asked for every event of every run, so it is found out once a row, by any thread. */
struct history_call history_call_of(uint32_t row)
{
	enum { WAY_SHIFT = 8, MOVES_SHIFT = 16, KNOWN = 1 << 24, BYTE = 0xff };
	static _Atomic uint32_t known[CALL_BITS];
	struct history_call call;
	uint32_t packed;

	if (row >= n_calls || row >= CALL_BITS)
		return (struct history_call){ .family = FAMILY_OTHER };
	packed = atomic_load_explicit(&known[row], memory_order_relaxed);
	if (packed)
		return (struct history_call){ .family = packed & BYTE, .way = packed >> WAY_SHIFT & BYTE,
			.moves = packed >> MOVES_SHIFT & BYTE };
	call = call_of(row);
	packed = KNOWN | call.family | (uint32_t)call.way << WAY_SHIFT | (uint32_t)call.moves << MOVES_SHIFT;
	atomic_store_explicit(&known[row], packed, memory_order_relaxed);
	return call;
}
