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

/* Asked for every event of every run, so the names are compared once a row. Any thread may find it out. */
static uint8_t moves_known(uint32_t row)
{
	static _Atomic uint8_t known[CALL_BITS];	/* and one more; 0: not yet */
	uint8_t moves = atomic_load_explicit(&known[row], memory_order_relaxed);

	if (!moves) {
		moves = (uint8_t)(moves_of(call_table[row].plain) + 1);
		atomic_store_explicit(&known[row], moves, memory_order_relaxed);
	}
	return (uint8_t)(moves - 1);
}

struct history_call history_call_of(uint32_t row)
{
	struct history_call call = { .family = FAMILY_OTHER };

	if (row >= n_calls || row >= CALL_BITS)
		return call;
	call.family = call_table[row].family;
	if (call.family == FAMILY_SEND)
		call.way = WAY_IN;
	else if (call.family == FAMILY_RECEIVE)
		call.way = WAY_OUT;
	else
		return call;
	call.moves = moves_known(row);
	return call;
}
