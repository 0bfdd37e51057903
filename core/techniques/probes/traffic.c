/* SPDX-License-Identifier: MIT */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/banned.h"

enum { ROOM_OF_RECEIVE = 256 * 1024 };
static const int64_t window_wait_ns = 50000000;
static unsigned char buffer[LAB_BUFFER];

/* All of one message; a stream may take it in pieces, a signal may interrupt. */
static int64_t send_whole(struct puppet *me, uint64_t id)
{
	struct parcel p = { .class = 0 };
	size_t done = 0;
	ssize_t n;

	message_fill(buffer, me->size, id);
	do {
		p.bytes = buffer + done;
		p.n = me->size - done;
		n = me->end.link->send(&me->end, &p);
		if (n < 0 && n != -EINTR)
			return n;
		if (n > 0)
			done += (size_t)n;
	} while (n == -EINTR || (n > 0 && done < me->size));
	return (int64_t)done;
}

static int64_t work_send_many(struct puppet *me)
{
	struct lab *lab = me->lab;
	bool adds = (lab->link->traits & LINK_ADDS) && me->number > 1;

	for (uint64_t i = 0; i < me->count; i++) {
		int64_t n;

		for (;;) {
			uint32_t taken = atomic_load(&lab->taken);

			if (i - taken < me->number)
				break;
			futex_sleep(&lab->taken, taken, window_wait_ns);
		}
		n = send_whole(me, adds ? 1 : i + 1);
		if (n < 0)
			return n;
		atomic_fetch_add(&me->n_moved, 1);
	}
	return 0;
}

/* One message: a framed link gives it in one call, a stream in as many as it takes. */
static int64_t receive_whole(struct puppet *me, uint64_t *id, bool *intact)
{
	bool framed = me->lab->framed || (me->lab->link->traits & LINK_ADDS);
	size_t done = 0, room = framed ? ROOM_OF_RECEIVE : me->size;
	ssize_t n;

	do {
		struct parcel p = { .bytes = buffer + done, .n = room - done, .flags = PARCEL_ANY_CLASS };

		n = me->end.link->receive(&me->end, &p);
		if (n > 0)
			done += (size_t)n;
	} while (n == -EINTR || (!framed && n > 0 && done < room));
	if (n < 0)
		return n;
	*intact = message_intact(buffer, done, id) && done == me->size;
	return (int64_t)done;
}

static int64_t work_receive_many(struct puppet *me)
{
	struct lab *lab = me->lab;
	bool adds = (lab->link->traits & LINK_ADDS) && me->number > 1;
	uint64_t taken = 0;

	while (taken < me->count) {
		uint64_t id = 0;
		bool intact = false;
		int64_t n = receive_whole(me, &id, &intact);

		if (!is_message(lab->link, n))
			return n;
		lab->log[atomic_load(&lab->n_log) % LAB_LOG] = id;
		atomic_fetch_add(&lab->n_log, 1);
		atomic_fetch_add(&me->n_bytes, !intact);
		taken += adds ? id : 1;
		atomic_fetch_add(&lab->taken, adds ? (uint32_t)id : 1);
		futex_wake_all(&lab->taken);
	}
	return 0;
}

int traffic_room(struct lab *lab, unsigned most)
{
	struct puppet *s, *r;
	size_t size = link_small(lab->link);
	bool adds = lab->link->traits & LINK_ADDS;
	unsigned sent = 0, got = 0;

	if (pair_open(lab, &s, &r))
		return -1;
	for (; sent < most; sent++)
		if (send_one(s, adds ? 1 : sent + 1, size, PARCEL_DONTWAIT) < 0)
			break;
	while (got < sent) {
		int64_t n = receive_one(r, lab->framed ? LAB_BUFFER / 2 : size, PARCEL_DONTWAIT | PARCEL_ANY_CLASS);

		if (!is_message(lab->link, n))
			break;
		got += adds ? (unsigned)r->id : 1;
	}
	lab_clear(lab);
	return got > 0 ? (int)got : 1;
}

static int ids_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void log_judge(struct lab *lab, struct traffic *t)
{
	t->received = lab->n_log < LAB_LOG ? lab->n_log : LAB_LOG;
	for (uint64_t i = 0; i < t->received; i++) {
		t->sum += lab->log[i];
		t->overtakings += i > 0 && lab->log[i] < lab->log[i - 1];
	}
	qsort(lab->log, t->received, sizeof(lab->log[0]), ids_compare);
	for (uint64_t i = 1; i < t->received; i++)
		t->duplicates += lab->log[i] == lab->log[i - 1];
}

/* Until the receiver has all, or waits for what nobody will send. */
static void watch(struct traffic *t, struct puppet *s, struct puppet *r)
{
	for (;;) {
		uint64_t before = atomic_load(&s->n_moved);

		t->receiver_end = puppet_wait(r);
		t->sender_end = puppet_wait(s);
		if (t->receiver_end != WORK_BLOCKED)
			return;
		if (puppet_wait(r) == WORK_BLOCKED && atomic_load(&s->n_moved) == before)
			return;
	}
}

int traffic_run(struct lab *lab, struct traffic *t)
{
	struct puppet *s, *r;

	if (pair_open(lab, &s, &r))
		return -1;
	s->size = r->size = t->size;
	s->count = r->count = t->n;
	s->number = r->number = t->window;
	puppet_tell(r, work_receive_many);
	puppet_tell(s, work_send_many);
	watch(t, s, r);
	puppet_kill(s);
	puppet_kill(r);
	t->sent = atomic_load(&s->n_moved);
	t->corrupt = atomic_load(&r->n_bytes);
	log_judge(lab, t);
	lab_clear(lab);
	if (t->sender_end < 0 && t->sender_end != WORK_BLOCKED) {
		lab_unknown(lab, "the sender stopped after %llu messages: %s", (unsigned long long)t->sent,
			result_name(t->sender_end));
		return -1;
	}
	return 0;
}

/* Into a receive that waits, before each message. */
static int interrupt_receiver(struct traffic *t, struct puppet *s, struct puppet *r)
{
	r->count = t->n;
	puppet_tell(r, work_receive_many);
	for (uint64_t i = 0; i < t->n; i++) {
		if (puppet_wait_asleep(r) != WORK_BLOCKED || puppet_interrupt(r))
			break;
		t->interruptions++;
		if (send_one(s, r->number > 1 && (r->end.link->traits & LINK_ADDS) ? 1 : i + 1, t->size, 0) < 0)
			break;
		t->sent++;
	}
	t->receiver_end = puppet_wait(r);
	return t->sent == t->n ? 0 : -1;
}

/* Into a send that waits for room, before each bite that the receiver takes. */
static int interrupt_sender(struct traffic *t, struct puppet *s, struct puppet *r)
{
	enum { BITE = 5 };

	s->count = t->n;
	s->number = UINT32_MAX;
	puppet_tell(s, work_send_many);
	for (uint64_t taken = 0; taken < t->n; taken += r->count) {
		if (puppet_wait_asleep(s) == WORK_BLOCKED && puppet_interrupt(s) == 0)
			t->interruptions++;
		r->count = t->n - taken < BITE ? t->n - taken : BITE;
		t->receiver_end = puppet_do(r, work_receive_many);
		if (t->receiver_end)
			break;
	}
	t->sent = atomic_load(&s->n_moved);
	t->sender_end = puppet_wait(s);
	return t->sent == t->n ? 0 : -1;
}

int traffic_interrupted(struct lab *lab, struct traffic *t, bool sender)
{
	struct puppet *s, *r;

	if (pair_open(lab, &s, &r))
		return -1;
	s->size = r->size = t->size;
	r->number = t->window;
	if ((sender ? interrupt_sender : interrupt_receiver)(t, s, r)) {
		lab_unknown(lab, "%llu of %llu messages sent: sender %s, receiver %s", (unsigned long long)t->sent,
			(unsigned long long)t->n, result_name(s->result), result_name(t->receiver_end));
		return -1;
	}
	puppet_kill(s);
	puppet_kill(r);
	t->corrupt = atomic_load(&r->n_bytes);
	log_judge(lab, t);
	lab_clear(lab);
	return 0;
}

static int order_judge(const unsigned *sent, const unsigned *got, unsigned n)
{
	bool as_sent = true, falling = true, rising = true;

	for (unsigned i = 0; i < n; i++) {
		as_sent &= got[i] == sent[i];
		falling &= i == 0 || got[i] < got[i - 1];
		rising &= i == 0 || got[i] > got[i - 1];
	}
	return as_sent	 ? CLASSES_AS_SENT
	       : falling ? CLASSES_HIGHEST_FIRST
	       : rising	 ? CLASSES_LOWEST_FIRST
			 : CLASSES_MIXED;
}

/* One trial: classes go in as listed, all before the first receive. */
static int class_trial(struct lab *lab, bool two, const unsigned *sent, unsigned n, unsigned *got)
{
	struct puppet *s[2], *r;

	if (pair_open(lab, &s[0], &r))
		return -1;
	s[1] = two ? pair_add_sender(lab, r) : s[0];
	if (!s[1])
		return -1;
	for (unsigned i = 0; i < n; i++) {
		struct puppet *p = s[i % 2];

		p->class = sent[i];
		if (send_one(p, i + 1, link_small(lab->link), 0) < 0) {
			lab_unknown(lab, "send %u of %u gave %s", i + 1, n, result_name(p->result));
			return -1;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		int64_t result = receive_one(r, LAB_BUFFER / 2, PARCEL_DONTWAIT | PARCEL_ANY_CLASS);

		if (!is_message(lab->link, result)) {
			lab_unknown(lab, "receive %u of %u gave %s", i + 1, n, result_name(result));
			return -1;
		}
		got[i] = r->class;
	}
	lab_clear(lab);
	return order_judge(sent, got, n);
}

/* Signals are known by their numbers, priorities and types by themselves. */
static unsigned class_name(const struct link *l, unsigned class)
{
	return l->signal_number ? (unsigned)l->signal_number(l, class) : class;
}

/* Rising and falling: an order that is neither the sender's nor the class's shows in one of them. */
int class_order_measure(struct lab *lab, bool two, char *order, size_t size)
{
	unsigned n = lab->link->n_classes, sent[8], got[8];
	int judged[2];

	order[0] = '\0';
	if (n < 2)
		return CLASSES_NONE;
	for (unsigned way = 0; way < 2; way++) {
		for (unsigned i = 0; i < n; i++)
			sent[i] = way ? i : n - 1 - i;
		judged[way] = class_trial(lab, two, sent, n, got);
		if (judged[way] < 0)
			return -1;
		for (unsigned i = 0; i < n; i++)
			snprintf(order + strlen(order), size - strlen(order), "%s%u%s",
				i     ? ","
				: way ? "; "
				      : "",
				class_name(lab->link, sent[i]), i + 1 < n ? "" : " came out as ");
		for (unsigned i = 0; i < n; i++)
			snprintf(order + strlen(order), size - strlen(order), "%s%u", i ? "," : "",
				class_name(lab->link, got[i]));
	}
	/* What went in falling is judged by itself first; agreeing with the class in both trials decides. */
	if (judged[0] == CLASSES_AS_SENT && judged[1] == CLASSES_AS_SENT)
		return CLASSES_AS_SENT;
	if (judged[0] == CLASSES_AS_SENT && judged[1] == CLASSES_HIGHEST_FIRST)
		return CLASSES_HIGHEST_FIRST;
	if (judged[1] == CLASSES_AS_SENT && judged[0] == CLASSES_LOWEST_FIRST)
		return CLASSES_LOWEST_FIRST;
	return CLASSES_MIXED;
}
