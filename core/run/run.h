/* SPDX-License-Identifier: MIT */
/*
 * Running a scenario on real processes. A box is a child of the harness in namespaces of its own (where the machine
 * allows); all processes of its runs live in it and die with it. Code handed to box_run() works inside the box.
 */
#ifndef CORE_RUN_RUN_H
#define CORE_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/history/arena.h"
#include "core/model/outcome.h"
#include "core/model/scenario.h"

struct box_options {
	const char *library;		/* libsabot.so */
	const char *keep;		/* directory for histories and outputs; NULL none */
	int cpu;			/* pin the whole box to this CPU; -1: no */
	bool zygotes;			/* fork runs from programs stopped before main, where that is possible */
	bool no_namespaces;		/* for tests of the fallback */
	uint32_t payload;		/* bytes of each payload to record */
	double time_scale;		/* 1: real time */
	const char *under;		/* valgrind tool, or NULL */
};

struct box;	/* inside the box only */

/*
 * Forks a box and runs work(box, data) in it; data is shared memory of the caller's (MAP_SHARED) or read-only.
 * *pid is the box for box_wait(). 0 or -errno. Killing the caller kills the box and everything in it; the private
 * directory goes with it.
 */
int box_start(const struct box_options *options, int (*work)(struct box *box, void *data), void *data, int *pid);
/* Waits for the box. 0 and *status = what work returned (0 … 255), or -errno; -ECHILD if the box died. */
int box_wait(int pid, int *status);
/* Ends the box and all in it at once; box_wait() then says -ECHILD. Async-signal-safe. */
void box_stop(int pid);

/* What the box could not have: sentences, one a line; "" if it has everything. Inside the box. */
const char *box_notes(const struct box *box);
struct arena *box_arena(struct box *box);

/*
 * Makes the box ready for runs of one scenario: arena roles, zygotes. 0, or -errno and why says what.
 */
int run_prepare(struct box *box, const struct scenario *s, char *why, size_t size);
/*
 * One run with the faults in arena_plan(box_arena(box)), which the caller has filled. *out is filled completely; the
 * history is in the arena afterwards. `probe`: after the drivers have ended, run each once more without faults; its
 * outcome is appended as role "name~probe". `restart`: when roles of `restart: true` have died of a fault, they are
 * started once more when the drivers have ended, as role "name~restart", and a probe follows.
 * 0, or -errno if the harness broke (out->end is then RUN_BROKEN).
 */
/*
 * What counts: a service is stopped by its `stop:` signal (SIGTERM if it names none) once every driver has ended and
 * the services are quiet; of several the one started last goes first. A run without any driver takes every role
 * without `stop:` for one. Things left behind are excused if their owner could not clean up: a fault killed it, it was
 * still running when the run was over, or the stop signal itself killed it. fds_at_ready is never known (-1).
 * A run is hung when two looks at every thread, at least 5 ms apart (500 ms without a private network), are equal, all
 * are blocked without a bound, and no program has a timer; a role that is not ready then counts as ready first. A role
 * that goes in circles ends the run too, unless the scenario says of no-busy-loop that it is benign: then the timeout
 * alone ends it.
 */
struct run_options {
	bool probe, restart;
	int64_t timeout_ns;	/* 0: the scenario's */
	bool may_spin;		/* a role may look again and again, as if no-busy-loop were benign */
	int64_t quiet_ns;	/* over, as by a timeout, when so long only services ticked on in vain; 0: never */
	_Atomic uint32_t *moving; /* there it is told how many threads did not wait at the last look; may be NULL */
};
int run_once(struct box *box, const struct run_options *options, struct outcome *out);
/* Stops zygotes. run_prepare() may follow with another scenario. */
void run_finish(struct box *box);

/* Fills the plan of the arena from the scenario's faults (seed and realism included). */
void plan_fill(struct arena *a, const struct scenario *s);

#endif
