/* SPDX-License-Identifier: MIT */
/* What to strike, where: plain data in the arena. Written by the harness before a run, read by the injector. */
#ifndef CORE_MODEL_PLAN_H
#define CORE_MODEL_PLAN_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/history/arena.h"
#include "core/model/call.h"

enum action {
	ACT_NONE,
	ACT_INTERRUPT,
	ACT_SHORT,
	ACT_DELAY,
	ACT_AGAIN,
	ACT_PAUSE,
	ACT_DROP,
	ACT_DUPLICATE,
	ACT_REORDER,
	ACT_CORRUPT,
	ACT_TRUNCATE,
	ACT_FAIL,
	ACT_KILL,
	ACT_RESET,
	ACT_HANGUP,
	ACT_EOF,
	ACT_HOLD,
	N_ACTIONS
};

enum trigger { TRIG_NTH, TRIG_EVERY, TRIG_CHANCE, TRIG_ALWAYS };
enum when { WHEN_BEFORE, WHEN_AFTER };
enum realism { REALISM_LINUX, REALISM_POSIX, REALISM_ANY };

#define SHORT_HALF (-1)		/* `short: half` */
#define SHORT_ALL_BUT_ONE (-2)	/* used by explore */
#define PAUSE_FOR_GOOD (-1)	/* until every other driver has ended, or waits in vain */
#define RESUME_NEVER UINT64_MAX	/* no time: whoever is paused for good */
#define PAUSED_MOST 8
#define TIMES_FOREVER 0u
#define PLAN_FAULTS 24
#define PLAN_FRAMES 6
#define POINT_NAME 64

/* Calls of a role: "in client at connect, after". */
struct call_point {
	char in[ROLE_NAME];	/* glob over process names */
	struct call_set at;
	uint32_t when;		/* enum when */
	uint32_t nth;		/* 0 means 1 */
};

struct plan_fault {
	struct call_point where;	/* .nth unused */
	char point[POINT_NAME];		/* libfiu failure point of the program's own; "" none */
	/* on: */
	uint64_t kinds;			/* bit per enum object_kind; 0: any */
	char peer[ROLE_NAME];		/* glob over the peer's process name; "": any */
	char path[OBJECT_NAME];		/* glob over the object's name; "": any */
	int32_t fd;			/* -1: any */
	uint32_t ordinal;		/* the how-manieth object of this kind and peer in the process; 0: any */
	/* trigger */
	uint32_t trigger;		/* enum trigger */
	uint64_t n;			/* nth, every */
	double chance;			/* 0 … 1 */
	uint32_t times;			/* most strikes; TIMES_FOREVER */
	uint32_t has_armed_by, has_until;
	struct call_point armed_by;
	/* action */
	uint32_t action;		/* enum action */
	/* short: bytes or SHORT_*; delay, pause: ns or PAUSE_FOR_GOOD; reorder, corrupt, truncate: N; fail: errno */
	int64_t value;
	char target[ROLE_NAME];		/* kill, pause: role glob; "self" */
	struct call_point until;	/* hold */
	int64_t limit_ns;		/* hold: gives up after so long (default 5 s) */
	uint32_t realism;		/* enum realism */
	uint32_t sole;			/* 1: only one thread is known ever to take from, or give to, its channel */
	uint32_t may_miss;
	int32_t line;			/* in the scenario file; for messages */
};

/* Counted by the injector, read by everybody. */
struct plan_state {
	_Atomic uint64_t seen;		/* calls that in, at and on selected, after it was armed */
	_Atomic uint32_t fired;
	_Atomic uint32_t refused;	/* strikes that the realism forbade there */
	_Atomic uint32_t refusal;	/* enum refusal of the last one */
	_Atomic uint32_t armed;		/* 1, or armed_by has happened */
	_Atomic uint32_t armed_seen;	/* calls that armed_by selected */
	_Atomic uint32_t released;	/* futex: hold's `until` has happened */
	_Atomic uint32_t until_seen;
	_Atomic uint32_t expired;	/* holds that gave up */
	_Atomic uint32_t delayed;	/* threads that are in a `delay` now */
	/* pause: the harness sends SIGCONT to these when the clock has passed resume_at */
	_Atomic uint64_t resume_at;	/* CLOCK_MONOTONIC ns, RESUME_NEVER; 0: nothing is stopped */
	_Atomic uint32_t n_paused;
	int32_t paused[PAUSED_MOST];	/* pids */
	/* the last strike */
	_Atomic uint64_t site;
	_Atomic uint32_t struck_proc;	/* process index + 1 */
	_Atomic uint32_t struck_call;	/* row + 1 */
	_Atomic uint32_t n_frames;
	uint64_t frames[PLAN_FRAMES];	/* return addresses, the struck call's own first; if arena.backtrace says so */
};

enum refusal {
	REFUSED_NOT,
	REFUSED_DATAGRAM,
	REFUSED_NO_HANDLER,
	REFUSED_BLOCKING,
	REFUSED_PIPE_BUF,
	REFUSED_NOT_SHORTER,
	REFUSED_KIND,
	REFUSED_ERRNO,
	REFUSED_NEVER_EINTR,
	REFUSED_NO_TARGET,
	REFUSED_RELIABLE,
	REFUSED_MEANT,
	REFUSED_EMPTY,
	REFUSED_TAKEN,
	REFUSED_SEALED,
	REFUSED_PRIVATE,
	REFUSED_RIGHTS,
	REFUSED_READY,
	REFUSED_NO_WAIT,
	REFUSED_CONFINED,
	REFUSED_STDIO,
	N_REFUSALS
};

/* A sentence for an enum refusal: "a datagram is never read in parts". */
extern const char *const refusal_texts[N_REFUSALS];

struct plan {
	uint32_t n_faults;
	_Atomic uint32_t healed;	/* 1: nothing strikes any more (the harness sets it for a probe) */
	uint64_t avoid_signals;		/* bit per signal that `interrupt` must not raise: the roles talk with it */
	struct plan_fault faults[PLAN_FAULTS];
	struct plan_state state[PLAN_FAULTS];
};
static_assert(sizeof(struct plan) <= ARENA_PLAN, "the plan fits its room in the arena");

static inline struct plan *arena_plan(struct arena *a)
{
	return (struct plan *)a->plan;
}

#endif
