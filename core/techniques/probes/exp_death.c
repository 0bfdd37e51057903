/* SPDX-License-Identifier: MIT */
/* peer-death-* and survives-*: what is left of the other side, and of what it sent. */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"

enum { QUEUED = 3 };

/* Three messages; one where a second would merge with the first unseen. */
static int queue_some(struct lab *lab, struct puppet *s, uint64_t *bytes)
{
	unsigned n = lab->link->bytes == 0 ? 1 : QUEUED;

	*bytes = 0;
	for (unsigned i = 0; i < n; i++) {
		int64_t result = send_one(s, i + 1, link_small(lab->link), 0);

		if (result < 0) {
			lab_unknown(lab, "send %u gave %s", i + 1, result_name(result));
			return -1;
		}
		*bytes += (uint64_t)result;
	}
	return 0;
}

/* Receives until that is no message any more. *bytes: what came; *sum of the ids; returns what ended it. */
static int64_t receive_rest(struct lab *lab, struct puppet *r, uint64_t *n_messages, uint64_t *bytes, uint64_t *sum)
{
	*n_messages = *bytes = *sum = 0;
	for (unsigned i = 0; i < 100; i++) {
		int64_t n = receive_one(r, LAB_BUFFER / 2, PARCEL_ANY_CLASS);

		if (!is_message(lab->link, n))
			return n;
		++*n_messages;
		*bytes += (uint64_t)n;
		*sum += r->id;
	}
	return WORK_LATE;
}

static const char *reader_word(int64_t end)
{
	return end == 0 ? "EOF" : end == WORK_BLOCKED ? "nothing" : end == -ECONNRESET ? "ECONNRESET" : "unknown";
}

bool measure_peer_death_reader(struct lab *lab)
{
	uint64_t queued, n, bytes, sum;
	struct puppet *s, *r;
	int64_t end;

	if (pair_open(lab, &s, &r))
		return false;
	lab_let_go(lab);
	if (queue_some(lab, s, &queued))
		return false;
	puppet_kill(s);
	end = receive_rest(lab, r, &n, &bytes, &sum);
	return lab_say(lab, reader_word(end),
		"the sender queued %llu bytes and was killed; %llu bytes came in %llu receives, the next: %s",
		(unsigned long long)queued, (unsigned long long)bytes, (unsigned long long)n,
		end == 0 ? "end of file" : result_name(end));
}

bool measure_peer_death_reader_unread(struct lab *lab)
{
	struct puppet *s, *r;
	int64_t back, end;
	uint64_t n, bytes, sum;

	lab->place.variant = 1; /* the peer has an address, so that something can be sent to it */
	if (pair_open(lab, &s, &r))
		return false;
	lab_let_go(lab);
	if (send_one(s, 1, 64, 0) < 0 || receive_one(r, 64, 0) <= 0)
		return lab_unknown(lab, "the way there: %s, %s", result_name(s->result), result_name(r->result));
	back = send_one(r, 2, 64, 0);
	if (back < 0)
		return lab_unknown(lab, "nothing could be left unread: the way back gave %s", result_name(back));
	puppet_kill(s);
	end = receive_rest(lab, r, &n, &bytes, &sum);
	return lab_say(lab, reader_word(end), "the peer was killed with %lld unread bytes; the next receive: %s",
		(long long)back, end == 0 ? "end of file" : result_name(end));
}

/* Until the kernel has something to say about the descriptor, or says nothing for a while. */
static int64_t work_notice(struct puppet *me)
{
	struct pollfd p = { .fd = end_fd(&me->end), .events = POLLRDHUP };

	return p.fd < 0 ? 0 : poll(&p, 1, 200);
}

/* *n_ok sends went well before the result. */
static int64_t send_to_dead(struct lab *lab, unsigned variant, unsigned *n_ok, unsigned *n_sigpipe)
{
	enum { TRIES = 4 };
	struct puppet *s, *r;
	int64_t result = 0;

	lab->place.variant = variant;
	if (pair_open(lab, &s, &r))
		return -1;
	lab_let_go(lab);
	puppet_kill(r);
	for (*n_ok = 0; *n_ok < TRIES; ++*n_ok) {
		result = send_one(s, *n_ok + 1, link_small(lab->link), 0);
		if (result < 0)
			break;
		if (*n_ok > 0)
			continue;
		puppet_tell(s, work_notice);
		while (puppet_wait(s) == WORK_BLOCKED)
			;
	}
	*n_sigpipe = atomic_load(&s->n_sigpipe);
	lab_clear(lab);
	return result;
}

bool measure_peer_death_writer(struct lab *lab)
{
	bool datagram = (lab->link->traits & LINK_SOCKET) && lab->link->reach == REACH_BY_NAME && !lab->link->accept;
	unsigned n_ok, n_sigpipe, other_ok, other_sigpipe;
	char unconnected[80] = "", word[64];
	int64_t result, other;

	if (datagram) {
		other = send_to_dead(lab, 0, &other_ok, &other_sigpipe);
		if (other == -1)
			return false;
		snprintf(unconnected, sizeof(unconnected), " (connected; without connect: %u sends fine, then %s)",
			other_ok, other < 0 ? result_name(other) : "nothing");
	}
	result = send_to_dead(lab, datagram ? 2 : 0, &n_ok, &n_sigpipe);
	if (result == -1)
		return false;
	if (result >= 0)
		return lab_say(lab, "nothing", "the receiver was killed; %u sends more went well%s", n_ok, unconnected);
	if (result == WORK_BLOCKED)
		return lab_say(lab, "unknown", "send number %u blocked", n_ok + 1);
	snprintf(word, sizeof(word), "%s%s%s", n_ok ? "first-send-ok-then-" : "", result_name(result),
		n_sigpipe ? "+SIGPIPE" : "");
	return lab_say(lab, word, "the receiver was killed; %u sends went well, the next gave %s with %u SIGPIPE%s",
		n_ok, result_name(result), n_sigpipe, unconnected);
}

/* --- survival ------------------------------------------------------------------------------------------------- */

static bool sender_gone(struct lab *lab, bool killed)
{
	uint64_t queued, n, bytes, sum;
	struct puppet *s, *r;
	int64_t end;
	bool all;

	if (pair_open(lab, &s, &r))
		return false;
	if (queue_some(lab, s, &queued))
		return false;
	lab_let_go(lab);
	if (killed)
		puppet_kill(s);
	else if (puppet_exit(s))
		return lab_unknown(lab, "the sender could not exit");
	end = receive_rest(lab, r, &n, &bytes, &sum);
	all = lab->link->traits & LINK_ADDS ? sum == 6 : bytes >= queued && n > 0;
	return lab_say(lab, all ? "yes" : "no",
		"%llu bytes were queued, the sender %s, then %llu bytes came in %llu receives, then %s",
		(unsigned long long)queued, killed ? "was killed" : "exited", (unsigned long long)bytes,
		(unsigned long long)n, end == 0 ? "end of file" : result_name(end));
}

bool measure_survives_sender_exit(struct lab *lab)
{
	return sender_gone(lab, false);
}

bool measure_survives_sender_kill(struct lab *lab)
{
	return sender_gone(lab, true);
}

static int64_t work_accept_if_any(struct puppet *me)
{
	return me->end.link->accept ? me->end.link->accept(&me->end, PARCEL_DONTWAIT) : 0;
}

/*
 * Queue, kill the receiver, start another. held: something else still holds the object (the sender; for inherited ends
 * the experimenter). 1: all is there for the new one; 0: not (*why says what it got); -1: the lab's reason.
 */
static int restart(struct lab *lab, bool held, char *why, size_t size)
{
	uint64_t queued, n = 0, bytes = 0, sum = 0;
	struct puppet *s, *r, *again;
	int64_t end;
	int all;

	if (pair_open(lab, &s, &r) || queue_some(lab, s, &queued))
		return -1;
	if (!held)
		lab_let_go(lab);
	puppet_kill(r);
	if (!held)
		puppet_kill(s);
	again = puppet_new(lab);
	if (!again) {
		lab_unknown(lab, "no more processes");
		return -1;
	}
	end = puppet_do(again, work_receiver);
	if (end >= 0)
		end = puppet_do(again, work_accept_if_any);
	if (end >= 0)
		end = receive_rest(lab, again, &n, &bytes, &sum);
	all = lab->link->traits & LINK_ADDS ? sum == 6 : bytes >= queued && n > 0;
	snprintf(why, size, "%llu of %llu bytes, then %s", (unsigned long long)bytes, (unsigned long long)queued,
		end == 0 ? "end of file" : result_name(end));
	lab_clear(lab);
	return all;
}

bool measure_survives_receiver_restart(struct lab *lab)
{
	char with[80], without[80];
	int held = restart(lab, true, with, sizeof(with)), alone;
	const char *word;

	if (held < 0)
		return false;
	alone = restart(lab, false, without, sizeof(without));
	if (alone < 0)
		return false;
	word = alone && held			   ? "yes"
	       : !held				   ? "no"
	       : lab->link->reach == REACH_BY_NAME ? "while-an-end-is-open"
						   : "while-fd-held";
	return lab_say(lab, word, "a new receiver got: %s, when somebody still held the object; %s, when nobody did",
		with, without);
}
