/* SPDX-License-Identifier: MIT */
/*
 * A history as the checkers and reporters see it: events of all processes merged by time, each process's own order
 * kept, with the processes and channels that they speak of. Made from an arena, from a saved file, or from text in
 * tests. Everything in it is owned by it and freed by history_fini().
 */
#ifndef CORE_HISTORY_HISTORY_H
#define CORE_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history/arena.h"
#include "core/history/event.h"

/* Not struct proc: only what outlives the run. */
struct history_proc {
	char name[ROLE_NAME];
	uint32_t role;		/* role instance */
	uint32_t parent;	/* index + 1 */
	uint32_t image;		/* the last that it was in */
	int32_t pid;
	bool hello;		/* the injector was in it */
	uint32_t torn;		/* events that it was writing when it ended: they were in flight, and are not `lost` */
};

/* A channel: an object that processes talk through; both ends of a connection are one channel. */
struct channel {
	uint32_t kind;			/* enum object_kind */
	char name[ROLE_NAME * 2 + 16];	/* "client/2→server#1", or "server:pipe#1" if the other end is not known */
	char address[OBJECT_NAME];
	uint32_t from, to;		/* process index + 1: who connected or made it, and who was at the other end */
	uint32_t ordinal;
	uint64_t bytes_in, bytes_out;	/* accepted by send-like calls; handed out by receive-like calls */
	uint32_t n_sent, n_received;	/* calls, or datagrams */
	bool uncounted;			/* bytes crossed it that no event counts (splice, sendfile, recvmmsg …) */
	bool listener, standard;
};

struct history_event {
	struct event e;
	uint32_t proc;		/* index into procs */
	uint32_t channel;	/* index into channels + 1; 0: none */
	uint32_t text;		/* index into text + 1 of the text that follows the event; 0: none */
	uint32_t position;	/* occurrence of its family on its channel in its process, from 1; 0: not counted */
	uint32_t image;		/* of the program that the process was in then (exec gives it another): its modules */
};

struct history {
	struct history_event *events;
	size_t n_events;
	struct history_proc *procs;
	size_t n_procs;
	struct channel *channels;
	size_t n_channels;
	struct module *modules;
	size_t n_modules;
	char *text;		/* NUL-terminated pieces */
	size_t n_text;
	uint64_t tick_hz, tick_base;
	uint64_t lost;		/* events that found no room: > 0 makes verdicts that need all of them unknown */
};
#define HISTORY_NONE ((struct history){ .events = NULL })

/*
 * What the reader must know of a call, for positions and for the bytes of a channel. history/ knows no calls: the
 * answer comes from whoever has the table (core/model/moves.c), as the tables of plug-ins do.
 */
enum history_way { WAY_NONE, WAY_IN /* into the channel: send */, WAY_OUT /* out of it: receive */ };
enum history_moves {
	MOVES_NOTHING,
	MOVES_RESULT,		/* its result is a number of bytes */
	MOVES_ASKED,		/* it returns 0 and moved `asked` bytes (mq_send, msgsnd) */
	MOVES_UNCOUNTED,	/* its result is something else (recvmmsg), or it moves between two objects (splice) */
};
struct history_call {
	uint8_t family;		/* calls of one family are counted together */
	uint8_t way;		/* enum history_way */
	uint8_t moves;		/* enum history_moves */
};
struct history_call history_call_of(uint32_t call);	/* any number; unknown rows move nothing */

/* Bytes that a call moved: 0 if it failed, moved nothing or does not say. */
uint64_t history_bytes(const struct event *e);

/*
 * Collects what is sealed in the arena, merges it by time and resolves channels. Writers may still be alive; what they
 * have not sealed yet is not seen. A process killed while it wrote an event loses that event alone (`torn`). A thread
 * that is in a call, or was when it was killed, gives an EV_INVOKED at the time when the call began. Texts are joined,
 * control characters in them escaped, and hang on their event; EV_TEXT itself does not appear.
 * 0, or -errno (-EPROTO: the arena is damaged); *out need not be initialised, and is HISTORY_NONE after an error.
 */
int history_read(const struct arena *a, struct history *out);
/* To and from a file (format: magic, version, counts, arrays; checked when loaded). 0 or -errno; -EPROTO: not one. */
int history_save(const struct history *h, const char *path);
int history_load(const char *path, struct history *out);
/* Twice is fine, and on HISTORY_NONE. */
void history_fini(struct history *h);

/* "" if the event has no text. Valid as long as h. */
const char *history_text(const struct history *h, const struct history_event *e);
/* Nanoseconds since the start of the run; negative for what came before. */
int64_t history_ns(const struct history *h, uint64_t stamp);
/*
 * How many events there are before a role begins that had begun before (a probe, a service that was started again): all
 * of them, if none does. Who comes again gives the same numbers to other messages, and repeats what it has sent.
 */
size_t history_first_go(const struct history *h);
/* Name of an object kind in the scenario's words ("unix-stream", "pipe", …). */
const char *object_kind_name(uint32_t kind);

#endif
