/* SPDX-License-Identifier: MIT */
/* max-message, oversize-send, short-buffer: too long for the way, or for the buffer. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"

/* --- bare memory ---------------------------------------------------------------------------------------------- */

/* Writes the byte number `number` of the segment; what it gets for that is the kernel's, not a sanitizer's report. */
static int64_t work_touch(struct puppet *me)
{
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	((volatile char *)me->end.map)[me->number] = 1;
	return 0;
}

static int64_t work_limit_of(struct puppet *me)
{
	return me->end.link->limit ? me->end.link->limit(&me->end) : -ENOTSUP;
}

/* 0, or the signal that ended the writer of that byte. -1: the lab's reason. */
static int touch(struct lab *lab, uint64_t at, int64_t *limit)
{
	struct puppet *s, *r;
	int64_t result;
	int status;

	if (pair_open(lab, &s, &r))
		return -1;
	*limit = puppet_do(r, work_limit_of);
	s->number = at;
	result = puppet_do(s, work_touch);
	status = result == WORK_DIED ? s->status : 0;
	lab_clear(lab);
	return status;
}

static const char *signal_word(int number, char *text, size_t size)
{
	const char *name = number > 0 ? sigabbrev_np(number) : NULL;

	snprintf(text, size, "SIG%s", name ? name : "?");
	return text;
}

static bool beyond_memory(struct lab *lab, bool wants_size)
{
	int64_t limit = 0;
	int within = touch(lab, LINK_SEGMENT - 1, &limit), beyond = within ? -1 : touch(lab, LINK_SEGMENT, &limit);
	char text[24], word[24];

	if (within < 0 || (within == 0 && beyond < 0))
		return false;
	if (within || !beyond || limit != LINK_SEGMENT)
		return lab_unknown(lab, "byte %d: %s, byte %d: %s, size %lld", LINK_SEGMENT - 1,
			signal_word(within, text, sizeof(text)), LINK_SEGMENT, signal_word(beyond, word, sizeof(word)),
			(long long)limit);
	signal_word(beyond, word, sizeof(word));
	return lab_say(lab, wants_size ? lab->link->limit_word : word,
		"a segment of %lld bytes: its last byte could be written, the next one gave %s", (long long)limit,
		word);
}

/* --- messages ------------------------------------------------------------------------------------------------- */

/* A megabyte in one call, while the reader reads. */
static bool unlimited(struct lab *lab)
{
	struct puppet *s, *r;
	uint64_t got = 0;
	int64_t n, sent;

	if (pair_open(lab, &s, &r))
		return false;
	sent = send_one(s, 1, LAB_BUFFER, 0);
	while (got < LAB_BUFFER) {
		n = receive_one(r, LAB_BUFFER, 0);
		if (n <= 0)
			return lab_unknown(
				lab, "after %llu bytes receive gave %s", (unsigned long long)got, result_name(n));
		got += (uint64_t)n;
	}
	sent = puppet_wait(s);
	return lab_say(lab, sent == LAB_BUFFER ? "unlimited" : "unknown",
		"one send of %d bytes moved %s bytes while the reader read; no size was refused", LAB_BUFFER,
		result_name(sent));
}

bool measure_max_message(struct lab *lab)
{
	struct puppet *s, *r;
	char word[24];
	int64_t most, limit;

	if (lab->link->traits & LINK_MEMORY)
		return beyond_memory(lab, true);
	most = largest_message(lab);
	if (most <= 0)
		return most < 0 ? false : unlimited(lab);
	snprintf(word, sizeof(word), "%lld", (long long)most);
	if (!lab->link->limit)
		return lab_say(
			lab, word, "%lld bytes arrived whole, %lld did not", (long long)most, (long long)most + 1);
	if (pair_open(lab, &s, &r))
		return false;
	limit = puppet_do(r, work_limit_of);
	return lab_say(lab, limit == most ? lab->link->limit_word : word,
		"%lld bytes arrived whole, %lld did not; the object says %s", (long long)most, (long long)most + 1,
		result_name(limit));
}

static bool oversize_stream(struct lab *lab)
{
	struct puppet *s, *r;
	enum { MOST_SENDS = 64 }; /* there may be room for some of them */
	int64_t partial = 0, blocked = 0;

	if (pair_open(lab, &s, &r))
		return false;
	for (int i = 0; i < MOST_SENDS; i++) {
		partial = send_one(s, 1, LAB_BUFFER, PARCEL_DONTWAIT);
		if (partial < LAB_BUFFER)
			break;
	}
	lab_clear(lab);
	if (pair_open(lab, &s, &r))
		return false;
	for (int i = 0; i < MOST_SENDS; i++) {
		blocked = send_one(s, 1, LAB_BUFFER, 0);
		if (blocked < 0)
			break;
	}
	return lab_say(lab, partial > 0 && blocked == WORK_BLOCKED ? "partial-or-blocks" : "unknown",
		"sends of %d bytes with nobody reading: without waiting one moved %s bytes; with waiting: %s",
		LAB_BUFFER, result_name(partial), result_name(blocked));
}

bool measure_oversize_send(struct lab *lab)
{
	struct puppet *s, *r;
	int64_t most, result;

	if (lab->link->traits & LINK_MEMORY)
		return beyond_memory(lab, false);
	if (lab->link->traits & LINK_ADDS) {
		if (pair_open(lab, &s, &r))
			return false;
		result = send_one(s, UINT64_MAX, 8, 0);
		return lab_say(lab, result_name(result), "the number 2^64-1, larger than the counter holds: %s",
			result_name(result));
	}
	most = largest_message(lab);
	if (most <= 0)
		return most < 0 ? false : oversize_stream(lab);
	if (pair_open(lab, &s, &r))
		return false;
	result = send_one(s, 1, (size_t)most + 1, 0);
	return lab_say(lab, result < 0 ? result_name(result) : "unknown",
		"a send of %lld bytes, one more than the largest: %s", (long long)most + 1, result_name(result));
}

bool measure_short_buffer(struct lab *lab)
{
	size_t size = link_small(lab->link), room = size / 2;
	struct puppet *s, *r;
	int64_t sizes[4], first, rest;
	bool truncated;
	uint64_t sum;
	char word[40];

	if (lab_framed(lab, sizes, &sum) || pair_open(lab, &s, &r))
		return false;
	if (send_one(s, 1, size, 0) < 0)
		return lab_unknown(lab, "send gave %s", result_name(s->result));
	first = receive_one(r, room, 0);
	truncated = r->truncated;
	rest = receive_one(r, LAB_BUFFER / 2, 0);
	if (first < 0 && first > WORK_BLOCKED && rest == (int64_t)size && r->id == 1) {
		snprintf(word, sizeof(word), "%s-kept", result_name(first));
		return lab_say(lab, word, "a message of %zu bytes into %zu: %s; it was still there for a larger buffer",
			size, room, result_name(first));
	}
	if (first == (int64_t)room && rest == (int64_t)(size - room))
		return lab_say(lab, "rest-kept", "%zu bytes into %zu: %lld, and the next receive gave the other %lld",
			size, room, (long long)first, (long long)rest);
	if (first == (int64_t)room && rest == WORK_BLOCKED)
		return lab_say(lab, truncated ? "truncated-MSG_TRUNC" : "unknown",
			"%zu bytes into %zu: %lld%s, and the rest was gone", size, room, (long long)first,
			truncated ? ", marked as cut" : "");
	return lab_unknown(lab, "%zu bytes into %zu: %s, then %s", size, room, result_name(first), result_name(rest));
}
