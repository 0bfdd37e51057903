/* SPDX-License-Identifier: MIT */
#include "core/techniques/probes/experiments.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/banned.h"

enum { SIGNALS_PENDING = 1000 };
static unsigned char buffer[LAB_BUFFER];

struct fill_board { /* what the two puppets found; in the lab's log, which is shared and else unused here */
	struct fill f;
};

static struct fill *board(struct lab *lab)
{
	static_assert(sizeof(struct fill_board) <= sizeof(lab->log), "no room for the findings");
	return &((struct fill_board *)lab->log)->f;
}

static int64_t work_fill(struct puppet *me)
{
	struct fill *f = board(me->lab);

	while (f->sent < f->most) {
		uint64_t id = f->id ? f->id : f->sent + 1;
		struct parcel p = { .bytes = buffer, .n = f->size, .flags = f->flags };
		ssize_t n;

		message_fill(buffer, f->size, id);
		n = me->end.link->send(&me->end, &p);
		f->end = n;
		if (n < 0)
			return n;
		f->partial |= (size_t)n < f->size && me->lab->link->bytes > 0;
		f->sent++;
		f->bytes_sent += (uint64_t)n;
		f->sum_sent += id;
	}
	return 0;
}

static int64_t work_drain(struct puppet *me)
{
	struct fill *f = board(me->lab);
	size_t room = me->lab->framed || (me->lab->link->traits & LINK_ADDS) ? LAB_BUFFER : f->size;

	for (;;) {
		struct parcel p = { .bytes = buffer, .n = room, .flags = PARCEL_ANY_CLASS };
		ssize_t n = me->end.link->receive(&me->end, &p);
		uint64_t id = 0;

		if (!is_message(me->lab->link, n))
			return n;
		memcpy(&id, buffer, n >= 8 ? 8 : 0);
		f->first = f->received++ == 0 ? id : f->first;
		f->last = id;
		f->bytes_received += (uint64_t)n;
		f->sum_received += id;
	}
}

/* Queued signals are bounded per user, by the receiver's own limit: low, so that nobody else meets it. */
static int64_t work_limit(struct puppet *me)
{
	struct rlimit r = { SIGNALS_PENDING, SIGNALS_PENDING };

	(void)me;
	return setrlimit(RLIMIT_SIGPENDING, &r) ? -errno : 0;
}

int fill_run(struct lab *lab, struct fill *f)
{
	struct puppet *s, *r;
	int64_t end;

	if (pair_open(lab, &s, &r))
		return -1;
	puppet_do(r, work_limit);
	*board(lab) = *f;
	end = puppet_do(s, work_fill);
	f->end = end;
	if (end == WORK_LATE || end == WORK_DIED) {
		lab_unknown(lab, "the sender: %s", result_name(end));
		return -1;
	}
	board(lab)->held = board(lab)->sent;
	puppet_do(r, work_drain); /* ends when it is blocked; what a blocked sender adds counts too */
	puppet_kill(s);
	puppet_kill(r);
	end = f->end;
	*f = *board(lab);
	f->end = end;
	lab_clear(lab);
	return 0;
}

static int64_t try_size(struct puppet *s, struct puppet *r, size_t n)
{
	int64_t sent = send_one(s, 0x0101010101010101u, n, PARCEL_DONTWAIT);

	if (sent < 0)
		return sent;
	if (receive_one(r, LAB_BUFFER, 0) != sent || !r->intact)
		return -EBADMSG;
	return sent == (int64_t)n ? sent : -EMSGSIZE;
}

int64_t largest_message(struct lab *lab)
{
	size_t whole = link_small(lab->link), bad = LAB_BUFFER + 1;
	struct puppet *s, *r;
	int64_t sizes[4];
	uint64_t sum;

	if (lab_framed(lab, sizes, &sum))
		return -1;
	if (!lab->framed && !(lab->link->traits & LINK_ADDS))
		return 0;
	if (pair_open(lab, &s, &r))
		return -1;
	while (bad - whole > 1) {
		size_t n = whole + (bad - whole) / 2;
		int64_t result = try_size(s, r, n);

		if (result == -EBADMSG || result == WORK_BLOCKED || result == WORK_DIED) {
			lab_unknown(lab, "a message of %zu bytes was sent but did not arrive whole", n);
			return -1;
		}
		if (result < 0)
			bad = n;
		else
			whole = n;
	}
	lab_clear(lab);
	return whole == LAB_BUFFER ? 0 : (int64_t)whole;
}
