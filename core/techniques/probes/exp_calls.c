/* SPDX-License-Identifier: MIT */
/* eintr-restart, eintr-no-loss: a signal arrives in a call that waits. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"

#define N(x) ((unsigned long long)(x))

/* What becomes of a receive that waits, when a handler installed with SA_RESTART runs. WORK_BLOCKED: it goes on. */
static int64_t interrupted_receive(struct lab *lab, unsigned flags)
{
	struct puppet *s, *r;
	int64_t before, after;

	if (pair_open(lab, &s, &r))
		return -1;
	puppet_do(r, work_restart_on);
	before = receive_one(r, lab->framed ? LAB_BUFFER / 2 : 64, flags);
	if (before == -ENOTSUP) {
		lab_clear(lab);
		return before;
	}
	if (before != WORK_BLOCKED || puppet_interrupt(r)) {
		lab_unknown(lab, "a receive with nothing to receive gave %s", result_name(before));
		return -1;
	}
	after = puppet_wait(r);
	if (after == WORK_BLOCKED &&
		(send_one(s, 1, link_small(lab->link), 0) < 0 || !is_message(lab->link, puppet_wait(r)))) {
		lab_unknown(lab, "the restarted call did not get the next message: %s", result_name(r->result));
		return -1;
	}
	lab_clear(lab);
	return after;
}

bool measure_eintr_restart(struct lab *lab)
{
	int64_t untimed, timed, sizes[4];
	uint64_t sum;

	if (lab_framed(lab, sizes, &sum))
		return false;
	untimed = interrupted_receive(lab, 0);
	if (untimed == -1)
		return false;
	timed = interrupted_receive(lab, PARCEL_TIMED);
	if (timed == -1)
		return false;
	if (untimed == -EINTR)
		return lab_say(lab, "EINTR", "a waiting receive returned EINTR although the handler has SA_RESTART%s",
			timed == -EINTR ? "; so did the timed one" : "");
	if (untimed != WORK_BLOCKED)
		return lab_unknown(lab, "the interrupted receive gave %s", result_name(untimed));
	if (timed == -EINTR)
		return lab_say(lab, "untimed-restarted,timed-EINTR",
			"after the handler the receive waited on and got the next message; one with a time limit "
			"returned EINTR");
	return lab_say(lab, "restarted", "after the handler the receive waited on and got the next message%s",
		timed == WORK_BLOCKED ? "; so did the timed one" : "; there is no timed one");
}

/* Does a sender without a window wait for the reader, so that its own call can be interrupted in the middle? */
static int sender_waits(struct lab *lab)
{
	struct fill f = { .size = link_small(lab->link), .id = lab->link->traits & LINK_ADDS ? 1 : 0, .most = 2000 };
	struct fill large = { .size = 8000, .most = 2000 };

	if (fill_run(lab, &f))
		return -1;
	if (f.end == WORK_BLOCKED)
		return 1;
	if (lab->link->bytes < large.size)
		return 0;
	return fill_run(lab, &large) ? -1 : large.end == WORK_BLOCKED;
}

static bool all_there(const struct lab *lab, const struct traffic *t)
{
	if (lab->link->traits & LINK_ADDS)
		return t->sum == t->n;
	return t->received == t->n && t->corrupt == 0 && (t->duplicates == 0 || lab->link->bytes == 0);
}

bool measure_eintr_no_loss(struct lab *lab)
{
	struct traffic in = { .size = lab->link->bytes < 1000 ? lab->link->bytes : 1000, .n = 200, .window = 8 };
	/* More bytes than any of them has room for, so that sends have to wait. */
	struct traffic out = { .size = lab->link->bytes < 4000 ? lab->link->bytes : 4000, .n = 2000, .window = 8 };
	bool add = lab->link->traits & LINK_ADDS, all;
	char sends[120] = "";
	int64_t sizes[4];
	uint64_t sum;
	int waits;

	if (lab_framed(lab, sizes, &sum))
		return false;
	waits = sender_waits(lab);
	if (waits < 0 || traffic_interrupted(lab, &in, false) || (waits && traffic_interrupted(lab, &out, true)))
		return false;
	all = all_there(lab, &in) && (!waits || all_there(lab, &out));
	if (in.interruptions < 10 || (waits && out.interruptions < 10))
		return lab_unknown(
			lab, "only %u receives and %u sends could be interrupted", in.interruptions, out.interruptions);
	if (waits)
		snprintf(sends, sizeof(sends), "; %u signals into waiting sends: %llu of %llu, %llu damaged",
			out.interruptions, N(out.received), N(out.n), N(out.corrupt));
	return lab_say(lab, all ? "yes" : "no",
		"each call made again after EINTR, %u signals into waiting receives: %llu of %llu "
		"messages arrived, %llu damaged%s",
		in.interruptions, N(add ? in.sum : in.received), N(in.n), N(lab->link->bytes ? in.corrupt : 0), sends);
}
