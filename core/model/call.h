/* SPDX-License-Identifier: MIT */
/* The interposed calls as data. The table itself is made from faults/calls.def by faults/calls.c. */
#ifndef CORE_MODEL_CALL_H
#define CORE_MODEL_CALL_H

#include <stddef.h>
#include <stdint.h>

enum call_family {
	FAMILY_RECEIVE, FAMILY_SEND, FAMILY_ACCEPT, FAMILY_CONNECT, FAMILY_WAIT, FAMILY_OPEN, FAMILY_CLOSE, FAMILY_LOCK,
	FAMILY_SIGNAL, FAMILY_PROCESS, FAMILY_SLEEP, FAMILY_OTHER, N_FAMILIES
};

enum call_restart {
	RESTART_NEVER_BLOCKS,	/* cannot return EINTR */
	RESTART_BY_FLAG,	/* restarted if the handler has SA_RESTART, else EINTR */
	RESTART_UNLESS_TIMED,	/* as BY_FLAG, but EINTR always when the socket has a timeout (signal(7)) */
	RESTART_NEVER,		/* EINTR whatever the handler's flags (signal(7)) */
	RESTART_NOR_STOPPED,	/* the same, and even without a handler when the process was stopped and goes on */
	RESTART_ALWAYS,		/* never EINTR */
};

/*
 * Names are grouped: every twin (fortified `__read_chk`, 64-bit `open64`) is a row of its own with the same `plain`.
 * A scenario's `at: read` selects the row and all its twins.
 */
struct call {
	const char *name;	/* the symbol */
	const char *plain;	/* the name a scenario uses: "read" for __read_chk */
	uint8_t family;		/* enum call_family */
	uint8_t restart;	/* enum call_restart */
	const char *errnos;	/* names a `fail:` may use, separated by spaces; "" none */
};

#define CALL_BITS 256		/* calls.def has fewer rows */
struct call_set {
	uint64_t bits[CALL_BITS / 64];
};

extern const struct call call_table[];
extern const size_t n_calls;
extern const char *const family_names[N_FAMILIES];

/* Row of the symbol or plain name, or -1. */
int call_find(const char *name);
/*
 * All rows of a family name or of a plain name (twins included); 0, or 1 if there is no such name. "open()" is the call
 * alone where "open" is its family.
 */
int call_select(const char *name, struct call_set *out);
/* errno value of a name like "ECONNRESET", or -1; and back ("E?123" never: returns NULL for an unknown value). */
int errno_value(const char *name);
const char *errno_name(int value);
/* Signal number of "TERM", "SIGTERM" or "15", or -1; and its name without SIG, or NULL. */
int signal_value(const char *name);
const char *signal_name(int value);

/*
 * Does a blocked call of this kind say EINTR, handler or not, to a process that was stopped in it and goes on
 * (signal(7))? `timed`: its socket has SO_RCVTIMEO.
 */
static inline int call_ends_when_stopped(uint8_t restart, uint8_t family, int timed)
{
	return restart == RESTART_NOR_STOPPED ||
	       (restart == RESTART_UNLESS_TIMED && timed && (family == FAMILY_RECEIVE || family == FAMILY_ACCEPT));
}

static inline int call_set_has(const struct call_set *s, uint32_t row)
{
	return (int)(s->bits[row / 64] >> (row % 64) & 1);
}

static inline void call_set_add(struct call_set *s, uint32_t row)
{
	s->bits[row / 64] |= (uint64_t)1 << (row % 64);
}

#endif
