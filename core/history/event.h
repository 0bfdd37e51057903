/* SPDX-License-Identifier: MIT */
/*
 * One recorded event: 64 bytes in shared memory, written by the process that it is about.
 *
 * The seal is stored last, with release order, and equals the arena's generation: whatever kills the writer at
 * whatever instruction, a reader sees either a whole event or none.
 */
#ifndef CORE_HISTORY_EVENT_H
#define CORE_HISTORY_EVENT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EV_NONE,
	EV_CALL,	/* a call returned: call, fd, object, asked, result, error, hash of the bytes moved */
	EV_INVOKED,	/* a call that did not return: made by the reader from a thread slot, never by a writer */
	EV_STRIKE,	/* a fault fired: strike = its index + 1; call, fd, object; asked = action; result = argument */
	EV_HELLO,	/* a process took up its identity: result = pid, asked = image index */
	EV_FORK,	/* result = pid of the child, object = the child's process index + 1 (0: not known yet) */
	EV_EXEC,	/* about to exec; the path follows in EV_TEXT */
	EV_EXIT,	/* exit() or _exit() was called: result = status */
	EV_SIGNAL,	/* a signal that the injector raised to interrupt a call: result = signal number */
	EV_SENT,	/* sabot.h: fd = sender, object = receiver (0: any), result = sequence, asked = length, hash */
	EV_RECEIVED,	/* sabot.h: as EV_SENT, told by the receiver */
	EV_BECAME,	/* sabot.h: a state of the program; its name follows in EV_TEXT */
	EV_TEXT,	/* up to EVENT_TEXT bytes that belong to the event before it of the same process and thread */
	N_EVENT_KINDS
};

enum event_flag {
	EVF_STRUCK = 1,		/* a fault changed this call */
	EVF_NONBLOCK = 2,	/* the call could not block (O_NONBLOCK, MSG_DONTWAIT, timeout 0) */
	EVF_TIMED = 4,		/* the call waits for a bounded time (SO_RCVTIMEO, poll timeout, sem_timedwait …) */
	EVF_SHORTENED = 8,	/* the injector asked the kernel for less than the program did */
	EVF_MORE = 16,		/* EV_TEXT: another EV_TEXT follows */
	EVF_DROPPED = 32,	/* the bytes never reached the kernel: a `drop` strike */
	EVF_DUPLICATED = 64,	/* the bytes reached it twice: a `duplicate` strike */
	EVF_RESTARTED = 128,	/* a handler ran and the call went on (SA_RESTART) */
};

struct event {
	/* ticks of arena.tick_hz; sends are stamped before the call, receives after it, or before if it gave EAGAIN */
	uint64_t stamp;
	uint64_t site;		/* return address of the program's call; 0: not known */
	int64_t result;		/* what the call returned */
	uint64_t hash;		/* XXH3 of the bytes moved (0: none); of bind, connect, accept: hash of the address */
	uint32_t asked;		/* bytes asked for, or another size (poll, sleep, one-shot timerfd: ms, as int) */
	uint32_t ticks;		/* how long the call took, saturated; 0 if it did not wait and gave EAGAIN */
	int32_t fd;		/* descriptor, queue id, segment id …; -1: none */
	uint32_t object;	/* index into arena objects + 1; 0: none */
	uint32_t tid;
	uint16_t call;		/* row of faults/calls.def */
	uint8_t kind;		/* enum event_kind */
	uint8_t flags;		/* enum event_flag */
	int16_t error;		/* errno if the call failed, else 0 */
	uint16_t strike;	/* fault index + 1; 0: none */
	uint32_t seal;		/* the arena's generation */
};
static_assert(sizeof(struct event) == 64, "an event is one cache line");

#define EVENT_TEXT 32	/* bytes of text in an EV_TEXT: result … object */

/* Where the text of an EV_TEXT lies: it overlays result … object; its length is in `error`. */
static inline char *event_text(struct event *e)
{
	return (char *)e + offsetof(struct event, result);
}
static_assert(offsetof(struct event, tid) - offsetof(struct event, result) == EVENT_TEXT, "room for the text");

#endif
