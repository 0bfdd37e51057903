/* SPDX-License-Identifier: MIT */
/* boundaries, fifo, no-duplication, no-loss, global-order, priority: numbered messages, and what came of them. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"

enum { MESSAGES = 2000, WINDOW = 8 };

#define N(x) ((unsigned long long)(x))

bool measure_boundaries(struct lab *lab)
{
	size_t unit = link_small(lab->link);
	int64_t sizes[4];
	uint64_t sum;

	if (lab_framed(lab, sizes, &sum))
		return false;
	if (lab->framed)
		return lab_say(lab, "yes",
			"3 messages sent before the first receive came out as 3, of %s, %s and %s bytes",
			result_name(sizes[0]), result_name(sizes[1]), result_name(sizes[2]));
	if ((lab->link->traits & LINK_ADDS) && sum == 6)
		return lab_say(
			lab, "sum-exact", "the numbers 1, 2 and 3, written one by one, were read as one number: 6");
	if (sizes[0] > (int64_t)unit)
		return lab_say(lab, "no", "messages of %zu, %zu and %zu bytes came out as %s bytes in one receive",
			unit, unit - 8, unit - 16, result_name(sizes[0]));
	return lab_unknown(lab, "3 messages came out as %s, %s, %s", result_name(sizes[0]), result_name(sizes[1]),
		result_name(sizes[2]));
}

/* The usual traffic: a reader that keeps up, with no more under way than the link has room for. */
static int traffic_usual(struct lab *lab, struct traffic *t)
{
	int64_t sizes[4];
	uint64_t sum;
	int room;

	if (lab_framed(lab, sizes, &sum))
		return -1;
	room = traffic_room(lab, WINDOW);
	if (room < 0)
		return -1;
	*t = (struct traffic){ .size = link_small(lab->link), .n = MESSAGES, .window = (uint32_t)room };
	return traffic_run(lab, t);
}

bool measure_no_loss(struct lab *lab)
{
	struct traffic t;

	if (traffic_usual(lab, &t))
		return false;
	if (lab->link->traits & LINK_ADDS)
		return lab_say(lab, t.sum == t.sent && t.sent == MESSAGES ? "sum-exact" : "no",
			"%llu writes of 1 were read as %llu numbers with the sum %llu", N(t.sent), N(t.received),
			N(t.sum));
	return lab_say(lab, t.received >= t.sent && t.sent == MESSAGES ? "yes" : "no",
		"%llu of %llu messages arrived, at most %u under way", N(t.received), N(t.sent), t.window);
}

bool measure_no_duplication(struct lab *lab)
{
	struct traffic t;

	if (traffic_usual(lab, &t))
		return false;
	if (lab->link->traits & LINK_ADDS)
		return lab_say(lab, t.sum == t.sent ? "sum-exact" : "no",
			"%llu writes of 1 had the sum %llu: none counted twice", N(t.sent), N(t.sum));
	if (lab->link->bytes == 0)
		return lab_say(
			lab, t.received <= t.sent ? "yes" : "no", "%llu sent, %llu received", N(t.sent), N(t.received));
	return lab_say(lab, t.duplicates == 0 ? "yes" : "no", "%llu of %llu messages received arrived twice",
		N(t.duplicates), N(t.received));
}

static bool say_by_class(struct lab *lab, int order, const char *in_one, const char *texts)
{
	static const char *const words[] = {
		[CLASSES_NONE] = "yes",
		[CLASSES_AS_SENT] = "yes",
		[CLASSES_HIGHEST_FIRST] = "yes-within-priority",
		[CLASSES_LOWEST_FIRST] = "yes-same-signo",
	};

	if (order < 0)
		return false;
	if (order == CLASSES_MIXED)
		return lab_unknown(lab, "%s; classes sent %s, in no order to be seen", in_one, texts);
	return lab_say(lab, words[order], "%s%s%s", in_one, order == CLASSES_NONE ? "" : "; classes sent ", texts);
}

bool measure_fifo(struct lab *lab)
{
	struct traffic t;
	char in_one[160], texts[160];
	int order;

	if (traffic_usual(lab, &t))
		return false;
	snprintf(in_one, sizeof(in_one), "%llu messages, %llu of them overtaken, at most %u under way", N(t.received),
		N(t.overtakings), t.window);
	if (t.overtakings)
		return lab_say(lab, "no", "%s", in_one);
	order = class_order_measure(lab, false, texts, sizeof(texts));
	if (lab->link->bytes == 0 && order > CLASSES_AS_SENT)
		return lab_say(lab, "no", "signals sent %s; those of one number merge", texts);
	return say_by_class(lab, order, in_one, texts);
}

/* Both connections readable, the receiver is free to serve either: it asks the later one first. */
static bool order_of_connections(struct lab *lab, struct puppet *r)
{
	int64_t n;

	r->connection = 1;
	n = receive_one(r, 64, 0);
	if (n > 0 && r->id == 2)
		return lab_say(lab, "per-connection",
			"A sent on connection 1, then B on connection 2; both were readable, and "
			"the receiver got B's message first by asking connection 2 first");
	return lab_unknown(lab, "the second connection gave %s", result_name(n));
}

bool measure_global_order(struct lab *lab)
{
	enum { ROUNDS = 200 };
	struct puppet *a, *b, *r;
	unsigned overtaken = 0;
	size_t size = link_small(lab->link);
	char in_one[160], texts[160];
	int64_t sizes[4];
	uint64_t sum;
	int order;

	if (lab->link->bytes == 0) {
		order = class_order_measure(lab, true, texts, sizeof(texts));
		return order < 0 ? false
				 : lab_say(lab, order == CLASSES_AS_SENT ? "yes" : "not-guaranteed",
					   "from two processes, each after the other, signals sent %s", texts);
	}
	if (lab_framed(lab, sizes, &sum) || pair_open(lab, &a, &r) || !(b = pair_add_sender(lab, r)))
		return false;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (send_one(a, 1, size, 0) < 0 || send_one(b, 2, size, 0) < 0)
			return lab_unknown(
				lab, "a send failed: %s, %s", result_name(a->result), result_name(b->result));
		if (lab->link->accept)
			return order_of_connections(lab, r);
		for (uint64_t id = 1; id <= 2; id++) {
			int64_t n = receive_one(r, lab->framed ? LAB_BUFFER / 2 : size, PARCEL_ANY_CLASS);

			if (n <= 0)
				return lab_unknown(lab, "round %u: receive gave %s", i, result_name(n));
			overtaken += r->id != id;
		}
	}
	snprintf(in_one, sizeof(in_one), "A's send had returned before B sent, %d times; B's came first %u times",
		ROUNDS, overtaken / 2);
	lab_clear(lab);
	if (overtaken)
		return lab_say(lab, "not-guaranteed", "%s", in_one);
	return say_by_class(lab, class_order_measure(lab, true, texts, sizeof(texts)), in_one, texts);
}

/* Can the receiver ask for a class and get it, though another was sent before? */
static int selectable(struct lab *lab)
{
	struct puppet *s, *r;
	bool yes;

	if (pair_open(lab, &s, &r))
		return -1;
	for (unsigned class = 0; class < 2; class ++) {
		s->class = class;
		if (send_one(s, class + 1, link_small(lab->link), 0) < 0)
			return -1;
	}
	r->class = 1;
	yes = receive_one(r, LAB_BUFFER / 2, 0) > 0 && r->class == 1;
	lab_clear(lab);
	return yes;
}

bool measure_priority(struct lab *lab)
{
	char texts[160];
	int order = class_order_measure(lab, false, texts, sizeof(texts));
	struct traffic t;

	if (order < 0)
		return false;
	if (order == CLASSES_HIGHEST_FIRST)
		return lab_say(lab, "yes-highest-msg_prio-first", "priorities sent %s", texts);
	if (order == CLASSES_LOWEST_FIRST)
		return lab_say(lab, "lowest-number-first", "signals sent %s", texts);
	if (order == CLASSES_AS_SENT && selectable(lab) == 1)
		return lab_say(lab, "receiver-selects-by-mtype",
			"types sent %s; asked for the later type, the receiver got it before the earlier", texts);
	if (order != CLASSES_NONE)
		return lab_unknown(lab, "classes sent %s", texts);
	if (traffic_usual(lab, &t))
		return false;
	return lab_say(lab, t.overtakings ? "unknown" : "no",
		"send has no argument for it, and %llu of %llu messages overtook others", N(t.overtakings),
		N(t.received));
}
