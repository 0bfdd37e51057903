/* SPDX-License-Identifier: MIT */
/*
 * The faults that are tried at a position, and those that cannot happen there. What the history cannot tell (is the
 * descriptor non-blocking, would the handler run) the injector decides in the call itself and says so.
 */
#include "core/explore/menu.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/banned.h"
#include "core/base/str.h"
#include "core/model/call.h"
#include "core/model/fault.h"
#include "core/sys/clock.h"

#define SLOW_SIDE_NS 1000000
enum {
	PATIENCE_UNKNOWN = UINT32_MAX >> 1, PATIENCE_MOST_MS = 500, LATER_MS = 60, RANKS_OF_LATE = 2,
	FEW_BYTES = 4096, MANY_BYTES = 65536, SURE_ROOM = 65536, RANKS_OF_DELAY = 1,
	SLOW_TIMES = 500,
	DELAY_MS = 30, DELAY_MORE_MS = 10, DELAY_MOST_MS = 300,
};

/* By the name of its kind, or by its own. */
bool dish_wanted(const struct sweep *w, uint32_t action, const char *label)
{
	const struct fault_info *info = fault_of_action(action);

	for (size_t i = 0; i < w->options.n_kinds; i++)
		if ((info && strcmp(info->name, w->options.kinds[i]) == 0) || strcmp(label, w->options.kinds[i]) == 0)
			return true;
	return w->options.n_kinds == 0;
}

void dish_add(struct sweep *w, const struct candidate *like, const struct dish *d, const char *label)
{
	struct candidate *c;

	if (w->n_candidates == SWEEP_CANDIDATES || !dish_wanted(w, d->action, label))
		return;
	c = &w->candidates[w->n_candidates++];
	*c = *like;
	text_copy(c->label, sizeof(c->label), label);
	c->grade = d->grade;
	c->kills = d->kills;
	c->fault.action = d->action;
	c->fault.value = d->value;
	c->fault.where.when = d->when;
	c->fault.times = d->times;
	c->fault.realism = (uint32_t)w->scenario->realism;
	if ((d->action == ACT_KILL || d->action == ACT_PAUSE) && !c->fault.target[0])
		text_copy(c->fault.target, sizeof(c->fault.target), "self");
}

static void once(struct sweep *w, const struct candidate *like, uint32_t action, int64_t value, enum grade grade,
	const char *label)
{
	dish_add(w, like, &(struct dish){ .action = action, .value = value, .grade = grade, .times = 1,
			     .kills = action == ACT_KILL }, label);
}

/* Several times, one after the other: who is ready for one of them may not be for the next. */
static void in_a_row(struct sweep *w, const struct candidate *like, uint32_t action, uint32_t times, enum grade grade,
	const char *label)
{
	if (like->rank == 1)
		dish_add(w, like, &(struct dish){ .action = action, .grade = grade, .times = times }, label);
}

static bool is_stream_object(const struct object *o)
{
	return o && (o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_TCP || o->kind == OBJ_PIPE || o->kind == OBJ_FIFO ||
			    (o->kind == OBJ_SOCKETPAIR && o->type == SOCK_STREAM));
}

/* It takes all that is written, and gives what has come so far. */
static bool is_terminal(const struct object *o)
{
	return o && o->kind == OBJ_PTY;
}

static bool is_pipe(const struct object *o)
{
	return o->kind == OBJ_PIPE || o->kind == OBJ_FIFO;
}

/* Between a process and its own, or the next in a pipeline: nobody else fills it. */
static bool is_local_pipe(const struct object *o)
{
	return is_pipe(o) || o->kind == OBJ_SOCKETPAIR;
}

static bool is_connection_object(const struct object *o)
{
	return o && (o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_TCP || o->kind == OBJ_UNIX_SEQPACKET ||
			    o->kind == OBJ_SOCKETPAIR) && !(o->flags & OBF_LISTENER);
}

void dish_skip(struct sweep *w, const struct candidate *like, const char *kind, enum refusal why)
{
	struct skipped *s = &w->skips[w->n_skips];

	w->n_skipped[why]++;
	for (uint32_t i = 0; i < w->n_skips; i++)
		if (w->skips[i].site == like->site && strcmp(w->skips[i].kind, kind) == 0 &&
			strcmp(w->skips[i].call, like->call) == 0)
			return;
	if (w->n_skips == SWEEP_SKIPS)
		return;
	w->n_skips++;
	s->site = like->site;
	s->refusal = (uint32_t)why;
	text_copy(s->call, sizeof(s->call), like->call);
	text_copy(s->kind, sizeof(s->kind), kind);
}

/*
 * Is there room, even if nobody has read anything? For the first that is sent there always is; TCP alone may be short
 * of memory even then. A pipe is full only when much was written: who wakes himself through one need not handle that.
 */
static bool has_room(const struct position *p)
{
	const struct object *o = p->object;

	if (o->kind == OBJ_TCP)
		return false;
	if (is_local_pipe(o))
		return p->sent + p->event->e.asked <= SURE_ROOM;
	return !p->sent;
}

static void offer_interrupt(
	struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	if (call->restart == RESTART_NEVER_BLOCKS)
		return;
	if (call->restart == RESTART_ALWAYS || p->event->e.flags & EVF_NONBLOCK) {
		dish_skip(w, like, "interrupt", REFUSED_NEVER_EINTR);
		return;
	}
	if (!p->has_handler && w->scenario->realism == REALISM_LINUX) {
		dish_skip(w, like, "interrupt", REFUSED_NO_HANDLER);
		return;
	}
	/* Who need not wait is not interrupted. */
	if (call->family == FAMILY_SEND && p->object && is_local_pipe(p->object) && has_room(p) &&
		w->scenario->realism == REALISM_LINUX) {
		dish_skip(w, like, "interrupt", REFUSED_EMPTY);
		return;
	}
	once(w, like, ACT_INTERRUPT, 0, GRADE_TRANSPARENT, "interrupt");
	in_a_row(w, like, ACT_INTERRUPT, 2, GRADE_TRANSPARENT, "interrupt: 2 in a row");
}

/* Between a call that has failed and the look at why, a handler may leave an errno of its own. */
static void offer_signal_after(struct sweep *w, const struct position *p, const struct candidate *like)
{
	if (p->event->e.kind == EV_CALL && p->event->e.error && p->has_handler)
		dish_add(w, like, &(struct dish){ .action = ACT_INTERRUPT, .grade = GRADE_TRANSPARENT,
				     .when = WHEN_AFTER, .times = 1 }, "interrupt: just after");
}

static void short_of(struct sweep *w, const struct candidate *like, int64_t n)
{
	char label[LABEL];

	snprintf(label, sizeof(label), "short: %lld", (long long)n);
	once(w, like, ACT_SHORT, n, GRADE_TRANSPARENT, label);
}

/* One byte, half, all but one of what was moved. */
static void offer_short(struct sweep *w, const struct position *p, const struct candidate *like, bool out)
{
	const struct event *e = &p->event->e;
	int64_t moved = e->kind == EV_CALL ? e->result : 0;

	if (moved < 2) {
		dish_skip(w, like, "short", REFUSED_NOT_SHORTER);
		return;
	}
	/* Without an object it was a look (MSG_PEEK), or a file: nothing that comes in pieces. Batches are counted. */
	if (!is_stream_object(p->object) && !(is_terminal(p->object) && !out) &&
		!(p->object && strcmp(like->call, "sendmmsg") == 0)) {
		dish_skip(w, like, "short", p->object ? REFUSED_DATAGRAM : REFUSED_KIND);
		return;
	}
	/* What is written to a pipe in one piece of up to PIPE_BUF comes and goes in one piece. */
	if (is_pipe(p->object) && w->scenario->realism != REALISM_ANY &&
		(out ? e->asked <= PIPE_BUF : p->largest_write <= PIPE_BUF)) {
		dish_skip(w, like, "short", REFUSED_PIPE_BUF);
		return;
	}
	short_of(w, like, 1);
	if (moved / 2 > 1)
		short_of(w, like, moved / 2);
	if (moved - 1 > moved / 2)
		short_of(w, like, moved - 1);
	/* Byte by byte, where they are few: who reads the rest of a message once more has it now and then. */
	if (like->rank == 1 && is_stream_object(p->object) && (out ? p->bytes : p->taken) <= FEW_BYTES)
		dish_add(w, like, &(struct dish){ .action = ACT_SHORT, .value = 1, .grade = GRADE_TRANSPARENT,
				     .times = TIMES_FOREVER }, "short: 1 from now on");
}

/* For longer than anybody rests by himself: all that the others would do next they have done meanwhile. */
static int64_t delay_ms(const struct sweep *w)
{
	uint32_t ms = w->longest_rest_ms + DELAY_MORE_MS;

	return ms < DELAY_MS ? DELAY_MS : ms < DELAY_MOST_MS ? ms : DELAY_MOST_MS;
}

static const char *delay_label(const struct sweep *w, const char *kind, const char *more, char *label)
{
	snprintf(label, LABEL, "%s: %dms%s", kind, (int)delay_ms(w), more);
	return label;
}

static void offer_delay(struct sweep *w, const struct position *p, const struct candidate *like)
{
	char label[LABEL];

	if (like->rank > RANKS_OF_DELAY && !p->near_end)
		return;
	once(w, like, ACT_DELAY, delay_ms(w) * NS_PER_MS, GRADE_TRANSPARENT, delay_label(w, "delay", "", label));
}

/* It lets others go on with what this one has done, and may not be done with, in memory that no call shows. */
static bool lets_go(const struct position *p, const struct call *call)
{
	static const char *const calls[] = { "sem_post", "semop", "semtimedop", "pthread_mutex_unlock",
		"pthread_cond_signal", "pthread_cond_broadcast" };

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(call->plain, calls[i]) == 0)
			return true;
	return call->family == FAMILY_SEND && p->object && p->object->kind == OBJ_EVENTFD;
}

/* Of the others each is late before its next call, which comes to the same. */
static void offer_delay_after(
	struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	char label[LABEL];

	if ((like->rank > RANKS_OF_DELAY && !p->near_end) || !lets_go(p, call))
		return;
	dish_add(w, like, &(struct dish){ .action = ACT_DELAY, .value = delay_ms(w) * NS_PER_MS,
			     .grade = GRADE_TRANSPARENT, .when = WHEN_AFTER, .times = 1 },
		delay_label(w, "delay", " after", label));
}

static bool has_timeout(const struct position *p)
{
	return p->object && p->object->flags & OBF_RCVTIMEO;
}

/* Programs call read(); stdio is recorded as what it calls itself. */
static bool is_of_stdio(const struct call *call)
{
	return strcmp(call->name, "__read") == 0;
}

/* All threads of a process rest, once at each place: like a delay, but nobody in it keeps up appearances meanwhile. */
static void offer_pause(
	struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	struct candidate stopped = *like;
	char label[LABEL];

	if (like->rank != 1)
		return;
	stopped.stops_in_call = !(p->event->e.flags & EVF_NONBLOCK) &&
				call_ends_when_stopped(call->restart, call->family, has_timeout(p));
	if (stopped.stops_in_call && !p->waits)
		dish_skip(w, like, "pause", REFUSED_NO_WAIT);
	else if (stopped.stops_in_call && is_of_stdio(call) && w->scenario->realism == REALISM_LINUX)
		dish_skip(w, like, "pause", REFUSED_STDIO);
	else
		once(w, &stopped, ACT_PAUSE, delay_ms(w) * NS_PER_MS, GRADE_TRANSPARENT, delay_label(w, "pause",
			stopped.stops_in_call ? ", EINTR without a handler" : "", label));
}

bool tells_patience(const struct call *call)
{
	return strcmp(call->plain, "poll") == 0 || strcmp(call->plain, "epoll_wait") == 0 ||
	       strcmp(call->plain, "epoll_pwait") == 0;
}

/* How long the call waits at most, in ms; PATIENCE_UNKNOWN where the history does not tell. */
static uint32_t patience_ms(const struct position *p, const struct call *call)
{
	if (!(p->event->e.flags & EVF_TIMED))
		return p->timer_ms;
	if (tells_patience(call))
		return p->event->e.asked;
	if (call->restart == RESTART_UNLESS_TIMED && has_timeout(p))
		return p->object->patience_ms;
	return PATIENCE_UNKNOWN;
}

/*
 * Who waits for a bounded time, and not for long, finds nothing because the other side was stopped for longer. What it
 * waited for comes when it no longer does. A side that is late by less than half a second is no reason to give up.
 */
static void offer_late(
	struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	uint32_t patience = patience_ms(p, call);
	struct candidate late = *like;
	char label[LABEL];

	if (!(p->event->e.flags & EVF_TIMED || (call->family == FAMILY_WAIT && p->timer_ms)) ||
		call->family == FAMILY_SEND || !p->waits || !p->other[0] ||
		like->rank > RANKS_OF_LATE || (patience > PATIENCE_MOST_MS && patience != PATIENCE_UNKNOWN))
		return;
	patience = patience == PATIENCE_UNKNOWN ? PATIENCE_MOST_MS : patience;
	text_copy(late.fault.target, sizeof(late.fault.target), p->other);
	snprintf(label, sizeof(label), "pause: %.20s for %ums, too long", p->other, patience + LATER_MS);
	once(w, &late, ACT_PAUSE, (int64_t)(patience + LATER_MS) * 1000000,
		patience + LATER_MS <= PATIENCE_MOST_MS ? GRADE_TRANSPARENT : GRADE_DISRUPTIVE, label);
}

/* A side that is slow for long: the buffers between fill up. Not for ever: a thousand times a thousand is a timeout. */
static void offer_slow(struct sweep *w, const struct position *p, const struct candidate *like)
{
	if (like->rank != 1 || !p->object || p->bytes < MANY_BYTES)
		return;
	dish_add(w, like,
		&(struct dish){ .action = ACT_DELAY,
			.value = SLOW_SIDE_NS,
			.grade = GRADE_TRANSPARENT,
			.times = SLOW_TIMES },
		"delay: 1ms, 500 times");
}

static void offer_kill(struct sweep *w, const struct position *p, const struct candidate *like)
{
	if (like->rank > RANKS_OF_DISRUPTION && !p->last)
		return;
	once(w, like, ACT_KILL, 0, GRADE_DISRUPTIVE, "kill: self");
	dish_add(w, like, &(struct dish){ .action = ACT_KILL, .grade = GRADE_DISRUPTIVE, .when = WHEN_AFTER, .times = 1,
			     .kills = true }, "kill: self after");
}

/* Nobody but the two who hold a socketpair can end it, and `kill` shows how they do. */
static void offer_connection_end(struct sweep *w, const struct position *p, const struct candidate *like, bool receives)
{
	if (p->object && p->object->kind == OBJ_SOCKETPAIR)
		return;
	if (!is_connection_object(p->object) || (like->rank > RANKS_OF_DISRUPTION && !p->last))
		return;
	once(w, like, ACT_RESET, 0, GRADE_DISRUPTIVE, "reset");
	once(w, like, ACT_HANGUP, 0, GRADE_DISRUPTIVE, "hangup");
	if (receives && !p->within)
		once(w, like, ACT_EOF, 0, GRADE_DISRUPTIVE, "eof");
}

static void offer_datagram(struct sweep *w, const struct position *p, const struct candidate *like, bool out)
{
	if (!p->object || (p->object->kind != OBJ_UDP && w->scenario->realism != REALISM_ANY) ||
		(p->event->e.kind == EV_CALL && p->event->e.result < 0)) {
		if (p->object && (p->object->kind == OBJ_UNIX_DGRAM || p->object->kind == OBJ_UNIX_SEQPACKET))
			dish_skip(w, like, "drop", REFUSED_RELIABLE);
		return;
	}
	if (p->object->kind != OBJ_UDP && p->object->kind != OBJ_UNIX_DGRAM)
		return;
	if (!out)
		return;		/* a datagram lost here is the same as one lost at the sender */
	once(w, like, ACT_DROP, 0, GRADE_NETWORK, "drop");
	in_a_row(w, like, ACT_DROP, 3, GRADE_NETWORK, "drop: 3 in a row");
	once(w, like, ACT_DUPLICATE, 0, GRADE_NETWORK, "duplicate");
	once(w, like, ACT_REORDER, 1, GRADE_NETWORK, "reorder: 1");
}

/* Of libc's, or of the program's own making. */
static bool is_of_condition(const struct call *call)
{
	return strncmp(call->plain, "pthread_cond_", strlen("pthread_cond_")) == 0 || strcmp(call->plain, "futex") == 0;
}

bool waits_on_condition(const struct call *call)
{
	return is_of_condition(call) && call->restart != RESTART_NEVER_BLOCKS;
}

static void offer_again(
	struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	bool moves = call->family == FAMILY_RECEIVE || call->family == FAMILY_SEND;

	if (!moves && call->family != FAMILY_ACCEPT && call->family != FAMILY_CONNECT && !waits_on_condition(call) &&
		!(call->family == FAMILY_WAIT && (strstr(call->plain, "poll") || strstr(call->plain, "select"))))
		return;
	if (call->family == FAMILY_SEND && p->object && has_room(p) && w->scenario->realism == REALISM_LINUX) {
		dish_skip(w, like, "again", REFUSED_EMPTY);
		return;
	}
	once(w, like, ACT_AGAIN, 0, GRADE_TRANSPARENT, "again");
}

/* It asks to be told of what comes from then on. What has come just before nobody tells. */
bool arms(const struct call *call)
{
	return strcmp(call->plain, "mq_notify") == 0;
}

/* Who opens a FIFO meets the one at its other end, or finds nobody there; who closes it may have been met meanwhile. */
static bool meets(const struct position *p, const struct call *call)
{
	return p->object && p->object->kind == OBJ_FIFO && (strcmp(call->plain, "close") == 0 ||
		(call->family == FAMILY_OPEN && strncmp(call->plain, "open", strlen("open")) == 0));
}

/* What it waits for may have come just before it. */
static bool awaits_signal(const struct call *call)
{
	return call->family == FAMILY_SIGNAL && call->restart != RESTART_NEVER_BLOCKS;
}

/* Whoever is started again after a death there finds another world than after one in the midst of a conversation. */
static bool makes_or_closes(const struct call *call)
{
	return call->family == FAMILY_OPEN || strcmp(call->plain, "close") == 0;
}

/* Where a process dies matters to others: not where its threads wait for each other. */
static bool may_be_killed(const struct sweep *w, const struct position *p, const struct candidate *like,
	const struct call *call)
{
	switch (call->family) {
	case FAMILY_RECEIVE: case FAMILY_SEND: case FAMILY_ACCEPT: case FAMILY_CONNECT:
		return true;
	case FAMILY_LOCK:
		return p->object || !is_of_condition(call);
	default:
		return w->scenario->roles[like->role].restart && makes_or_closes(call);
	}
}

void menu_offer(struct sweep *w, const struct position *p, const struct candidate *like)
{
	const struct call *call = &call_table[p->event->e.call];
	bool moves = call->family == FAMILY_RECEIVE || call->family == FAMILY_SEND;
	bool out = call->family == FAMILY_SEND;

	offer_interrupt(w, p, like, call);
	offer_signal_after(w, p, like);
	if (moves) {
		offer_short(w, p, like, out);
		offer_datagram(w, p, like, out);
		offer_slow(w, p, like);
	}
	offer_again(w, p, like, call);
	if (moves || call->family == FAMILY_ACCEPT || call->family == FAMILY_CONNECT || call->family == FAMILY_WAIT ||
		call->family == FAMILY_LOCK || arms(call) || meets(p, call) || awaits_signal(call))
		offer_delay(w, p, like);
	offer_delay_after(w, p, like, call);
	if (moves || call->family == FAMILY_ACCEPT || call->family == FAMILY_CONNECT || call->family == FAMILY_WAIT ||
		call->family == FAMILY_LOCK || call->restart == RESTART_NOR_STOPPED)
		offer_pause(w, p, like, call);
	offer_late(w, p, like, call);
	errors_offer(w, p, like, call);
	if (moves)
		offer_connection_end(w, p, like, !out);
	if (may_be_killed(w, p, like, call))
		offer_kill(w, p, like);
	stalls_offer(w, p, like, call);
}
