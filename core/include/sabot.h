/* SPDX-License-Identifier: MIT */
/*
 * Tell Sabot what your program sent, received and became. Header-only; link nothing. Outside Sabot every call does
 * nothing but test a pointer. All functions may be called from main() on, from any thread and from signal handlers.
 * They keep errno.
 *
 * A message is known by (sender, receiver, sequence). Ids are the program's own; receiver 0 means "anybody". Length
 * is in bytes; the checksum is any function of the content, the same on both sides.
 *
 *   sabot_sent()      the program means to send it: say so BEFORE the first call that may hand part of it to the
 *                     kernel, so that no receipt comes before its sending. Say it once; a retransmission is the same
 *                     message.
 *   sabot_received()  the whole message was handed to the program's own logic. Say it once for each time it was.
 *   sabot_gave_up()   the sender cannot vouch for it and says so to its user (exit status, message on stderr): it may
 *                     have been lost, or received. no-loss does not hold a message that was given up against anybody.
 *   sabot_became()    a state of the program, such as "listening" or "connected"; up to 31 bytes are kept.
 */
#ifndef SABOT_H
#define SABOT_H

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/* What the injector exports. */
typedef void sabot_tell_function(int kind, uint32_t sender, uint32_t receiver, uint64_t sequence, uint32_t length,
	uint64_t checksum, const char *text);

enum sabot_kind { SABOT_SENT = 1, SABOT_RECEIVED = 2, SABOT_BECAME = 3, SABOT_GAVE_UP = 4 };

/* Looked up before main(), so that threads and signal handlers only read it. NULL outside Sabot. */
static sabot_tell_function *sabot_tell_found;

__attribute__((constructor)) static void sabot_tell_find(void)
{
	void *found = dlsym((void *)0 /* RTLD_DEFAULT */, "sabot_tell");

	memcpy(&sabot_tell_found, &found, sizeof(found));
}

static inline void sabot_tell_if_there(int kind, uint32_t sender, uint32_t receiver, uint64_t sequence, uint32_t length,
	uint64_t checksum, const char *text)
{
	int saved;

	if (!sabot_tell_found)
		return;
	saved = errno;
	sabot_tell_found(kind, sender, receiver, sequence, length, checksum, text);
	errno = saved;
}

static inline void sabot_sent(uint32_t sender, uint32_t receiver, uint64_t sequence, uint32_t length, uint64_t checksum)
{
	sabot_tell_if_there(SABOT_SENT, sender, receiver, sequence, length, checksum, "");
}

static inline void sabot_received(uint32_t sender, uint32_t receiver, uint64_t sequence, uint32_t length,
	uint64_t checksum)
{
	sabot_tell_if_there(SABOT_RECEIVED, sender, receiver, sequence, length, checksum, "");
}

static inline void sabot_became(const char *state)
{
	sabot_tell_if_there(SABOT_BECAME, 0, 0, 0, 0, 0, state);
}

static inline void sabot_gave_up(uint32_t sender, uint32_t receiver, uint64_t sequence)
{
	sabot_tell_if_there(SABOT_GAVE_UP, sender, receiver, sequence, 0, 0, "gave-up");
}

#endif
