/* SPDX-License-Identifier: MIT */
/* full-blocking, full-nonblocking, partial-write, partial-read: a receiver that does not read. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/techniques/probes/memory.h"
#include "core/base/banned.h"

enum { MANY = 4000, LARGE = 8000 };

#define N(x) ((unsigned long long)(x))

/* --- bare memory: a record, written again and again ----------------------------------------------------------- */

static int64_t work_overwrite(struct puppet *me)
{
	volatile uint64_t *record = (volatile uint64_t *)((char *)me->end.map + MEMORY_BARE);

	for (uint64_t i = 1; i <= me->count; i++)
		*record = i;
	return 0;
}

static int64_t work_look(struct puppet *me)
{
	me->number = *(volatile uint64_t *)((char *)me->end.map + MEMORY_BARE);
	return 0;
}

static bool full_memory(struct lab *lab, unsigned flags)
{
	struct fill f = { .size = 64, .flags = flags, .most = MANY };
	struct puppet *s, *r;
	uint64_t n;

	if (fill_run(lab, &f) || pair_open(lab, &s, &r))
		return false;
	s->count = MANY;
	if (puppet_do(s, work_overwrite) || puppet_do(r, work_look))
		return lab_unknown(lab, "the record could not be written and read");
	n = r->number;
	return lab_say(lab, n == MANY ? "overwrites" : "unknown",
		"%d numbers were written to one place, the reader found only the last, %llu; the ring on top: after "
		"%llu messages %s",
		MANY, N(n), N(f.held), result_name(f.end));
}

/* --- everything with messages --------------------------------------------------------------------------------- */

static bool lost_something(const struct lab *lab, const struct fill *f)
{
	if (lab->link->traits & LINK_ADDS)
		return f->sum_received != f->sum_sent;
	return lab->framed ? f->received < f->sent : f->bytes_received < f->bytes_sent;
}

/* What one filling says, as a word; NULL: there was no end to the room. */
static const char *fill_word(const struct lab *lab, const struct fill *f)
{
	bool merged = f->received < f->sent &&
		      (lab->link->traits & LINK_ADDS ? f->sum_received == f->sum_sent : lab->link->bytes == 0);

	if (f->end == WORK_BLOCKED)
		return merged ? "coalesces-then-blocks" : lost_something(lab, f) ? NULL : "blocks";
	if (f->end == -EAGAIN)
		return merged ? "coalesces-then-EAGAIN" : lost_something(lab, f) ? NULL : "EAGAIN";
	if (f->end < 0)
		return NULL;
	if (merged)
		return "coalesces";
	if (!lost_something(lab, f))
		return NULL;
	return f->last == f->sent && f->first > 1 ? "overwrites" : "drops-silently";
}

static bool full(struct lab *lab, unsigned flags)
{
	bool adds = lab->link->traits & LINK_ADDS;
	struct fill f[2] = {
		{ .size = link_small(lab->link), .id = adds, .flags = flags, .most = MANY },
		{ .size = adds ? 8 : LARGE, .id = adds ? 0x7ffffffffffffff0u : 0, .flags = flags, .most = MANY / 2 },
	};
	const char *words[2] = { NULL, NULL }, *word;
	int64_t sizes[4];
	unsigned i = 0;
	uint64_t sum;

	if (lab_framed(lab, sizes, &sum))
		return false;
	for (; i < 2 && (adds || f[i].size <= lab->link->bytes || i == 0); i++) {
		if (fill_run(lab, &f[i]))
			return false;
		words[i] = fill_word(lab, &f[i]);
	}
	/* Larger messages find limits that small ones do not reach; a contradiction is a doubt. */
	i = words[1] ? 1 : 0;
	word = words[0] && !adds ? words[0] : words[i];
	if (!word || (!adds && words[0] && words[1] && strcmp(words[0], words[1])))
		return lab_unknown(lab,
			"%llu messages of %zu bytes: %s, %llu received; %llu of %zu bytes: %s, %llu received",
			N(f[0].sent), f[0].size, result_name(f[0].end), N(f[0].received), N(f[1].sent), f[1].size,
			result_name(f[1].end), N(f[1].received));
	if (word == words[0])
		i = 0;
	return lab_say(lab, word,
		"nobody read: %llu sends of %zu bytes succeeded, the next: %s; in the end %llu were sent (%llu bytes) "
		"and "
		"%llu receives gave %llu bytes",
		N(f[i].held), f[i].size, f[i].end >= 0 ? "not tried" : result_name(f[i].end), N(f[i].sent),
		N(f[i].bytes_sent), N(f[i].received), N(f[i].bytes_received));
}

bool measure_full_blocking(struct lab *lab)
{
	return lab->link->traits & LINK_MEMORY ? full_memory(lab, 0) : full(lab, 0);
}

bool measure_full_nonblocking(struct lab *lab)
{
	return lab->link->traits & LINK_MEMORY ? full_memory(lab, PARCEL_DONTWAIT) : full(lab, PARCEL_DONTWAIT);
}

bool measure_partial_write(struct lab *lab)
{
	static const size_t sizes[] = { LAB_BUFFER, 100003, 60001, 8001, 4001, 64, 8 };
	char tried[240] = "";
	unsigned n_full = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct fill f = { .size = sizes[i], .flags = PARCEL_DONTWAIT, .most = 1000 };

		if (sizes[i] > lab->link->bytes)
			continue;
		if (fill_run(lab, &f))
			return false;
		if (f.partial)
			return lab_say(lab, "yes",
				"non-blocking sends of %zu bytes with nobody reading: one moved less than asked "
				"(%llu bytes in %llu sends, then %s)",
				sizes[i], N(f.bytes_sent), N(f.sent), result_name(f.end));
		n_full += f.sent > 0;
		snprintf(tried + strlen(tried), sizeof(tried) - strlen(tried), "%s%zu B: %llu whole, then %s",
			tried[0] ? "; " : "", sizes[i], N(f.sent), result_name(f.end));
	}
	return lab_say(lab, n_full ? "no" : "unknown", "no send moved a part: %s", tried);
}

/* Half of what is asked for is there, the rest will come later. */
bool measure_partial_read(struct lab *lab)
{
	size_t unit = link_small(lab->link), half = unit > 8 ? unit / 2 : unit;
	struct puppet *s, *r;
	int64_t sizes[4], n;
	uint64_t sum;

	if (lab_framed(lab, sizes, &sum) || pair_open(lab, &s, &r))
		return false;
	if (send_one(s, 1, half, 0) < 0)
		return lab_unknown(lab, "send gave %s", result_name(s->result));
	n = receive_one(r, lab->framed ? LAB_BUFFER / 2 : unit > half ? unit : 2 * half, 0);
	if (n == WORK_BLOCKED)
		return lab_say(lab, "no", "with half of %zu bytes there, receive waited for the rest", unit);
	if (n <= 0)
		return lab_unknown(lab, "receive gave %s", result_name(n));
	if (!lab->framed && !(lab->link->traits & LINK_ADDS))
		return lab_say(lab, n == (int64_t)half ? "yes" : "unknown",
			"asked for %zu bytes of which %zu were there, receive returned %lld", unit, half, (long long)n);
	return lab_say(lab, n == (int64_t)half && r->intact ? "no" : "yes",
		"a message of %zu bytes came in one receive of %lld bytes; messages are never divided", half,
		(long long)n);
}
