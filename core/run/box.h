/* SPDX-License-Identifier: MIT */
/* The inside of a box, for core/run/ alone. One thread; everything here lives in the box's own process. */
#ifndef CORE_RUN_BOX_H
#define CORE_RUN_BOX_H

#include <limits.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/str.h"
#include "core/history/arena.h"
#include "core/model/outcome.h"
#include "core/model/plan.h"
#include "core/model/scenario.h"
#include "core/run/run.h"
#include "core/sys/program.h"

enum { BOX_TREE = 1024 };

/* One output of a role instance. The pipe lasts as long as the instance, over all runs. */
struct capture {
	int read_fd, write_fd; /* -1: none */
	struct output *to; /* of the present run; NULL: thrown away */
	XXH3_state_t hash;
};

enum phase {
	PHASE_HELD, /* to be started when `after` is ready: the preload cannot hold it back */
	PHASE_RUNNING,
	PHASE_ENDED, /* its main process ended */
	PHASE_SPARE, /* nobody whose place it would take has died */
};

/* A role instance, ready to be started again and again. */
struct instance {
	const struct role *spec;
	uint32_t role; /* index in scenario.roles */
	uint32_t slot; /* index in arena.roles and outcome.roles */
	char name[ROLE_NAME];
	bool driver;
	char **argv, **env; /* expanded; owned */
	char *path, *ready_text; /* owned */
	struct program program;
	bool preloaded; /* the injector reaches it */
	uint32_t spare; /* index of the instance that is started when this one has died; 0: none */
	bool is_spare;
	uint64_t after; /* bits: instances that must be ready before it */
	struct capture out, err;
	int stdin_fd;
	regex_t regex;
	bool has_regex;
	int zygote; /* pid; 0: none */
	bool guessed; /* it was once taken for ready because nothing moved: said once */
	/* of the present run */
	enum phase phase;
	int pid;
	uint32_t asked; /* the zygote's `forked` that tells that it was started; 0: it was not asked to */
	bool stop_sent, killed, lingers; /* lingers: its main process ended, a child of it goes on as the service */
	uint64_t path_print; /* of the path that it is ready by, as another has left it; 0: it was not there */
	struct role_outcome *outcome;
};

/* What the last look at all processes saw; two that are alike mean that nothing moves. */
struct look {
	uint64_t print; /* hash of every thread's state and counts */
	int64_t at_ns;
	uint32_t n_processes, n_threads;
	uint32_t n_moving; /* threads that run, or are about to */
	uint32_t n_timed; /* threads whose wait ends by itself */
	uint32_t n_zombies; /* children that a live process has not waited for */
	bool complete; /* false: more processes than there was room for */
};

struct box {
	struct box_options options;
	struct str notes;
	unsigned parts; /* enum namespaces_part that it has */
	bool private_shm; /* /dev/shm is the box's own */
	bool mounted; /* root is a mount of the box's own */
	int outside_pid; /* of the keeper, outside */
	char root[64], tmp[80], mq[80];
	char arena_path[128];
	struct arena *arena;
	int signal_fd, epoll_fd, null_fd;
	int children_fd; /* the kernel's list of the box's children; -1: it has none */
	int notify_fd; /* inotify for ready: {path: …} */
	uint16_t port;
	uint32_t key;
	char id[32];
	double scale; /* of all waiting times */

	const struct scenario *scenario;
	struct instance instances[OUTCOME_ROLES];
	uint32_t n_prepared; /* instances that there are: the spares come last */
	uint32_t n_instances; /* … and that take part in the present run */
	bool prepared;
	bool timewait; /* connections come into TIME-WAIT: who is started again may have to do with it */

	/* the present run */
	struct outcome *out;
	int64_t start_ns, deadline_ns, timeout_ns;
	struct look last;
	int64_t spin_since_ns;
	uint64_t spin_calls;
	bool may_spin;
	_Atomic uint32_t *moving;	/* as in run_options */
	int64_t quiet_ns, idle_looked_ns, idle_since_ns;
	uint64_t idle_made;
	int tree[BOX_TREE]; /* processes of the run, from the last look */
	uint32_t n_tree;
	struct timespec start_wall;
	uint64_t *before; /* hashes of objects of the machine that were there before the run; owned */
	uint32_t n_before, before_room;
};

/* box.c: the process-wide descriptors of a fresh box. 0 or -errno. */
int box_open(struct box *box);
void box_close(struct box *box);

/* expand.c: ${TMP}, ${PORT}, ${ID}, ${KEY} in a text; the caller owns the result. */
char *box_expand(const struct box *box, const char *text);
/* The same in the paths that the faults of the plan select. */
void box_plan_expand(struct box *box);
/* A port that nobody uses now (in a private network: always the same). */
uint16_t box_port(const struct box *box);

/* once.c */
void role_outcome_reset(struct role_outcome *o, const struct instance *in);
/* Nothing of it has been yet in the present run: *o tells of it from now on. */
void instance_begin(struct instance *in, struct role_outcome *o);
bool fault_fired(const struct box *box);
/* The timeout is for what comes now: one that gave up late takes nothing from those that come after it. */
void deadline_begin(struct box *box);
bool drivers_ended(const struct box *box);
/* Until it is there, or the run is over. 0 or -errno. */
int box_wait_until(struct box *box, bool (*there)(const struct box *box));
/* again.c */
/* What `restart` and `probe` of the options ask for. 0 or -errno. */
int box_again(struct box *box, const struct run_options *options);
/* Takes the spares that nobody needed out of the outcome. */
void spares_drop(struct box *box);

/* capture.c */
int capture_open(struct capture *c);
void capture_close(struct capture *c);
void capture_begin(struct capture *c, struct output *to);
/* Takes what is in the pipe. True if there was something. */
bool capture_drain(struct capture *c);
void capture_end(struct capture *c);

/* start.c: 0 or -errno; *why (size bytes) says what failed and what to do. */
int instance_zygote(struct box *box, struct instance *in, char *why, size_t size);
void instance_zygote_wait(struct box *box, struct instance *in, int64_t deadline_ns);
void instance_zygote_end(struct box *box, struct instance *in);
/* Until nothing that its children had mapped is in it any more: they had borrowed its memory. */
void instance_zygote_settle(struct box *box, struct instance *in);
int instance_start(struct box *box, struct instance *in, char *why, size_t size);
/* Lets a zygote begin what instance_start() then waits for, so that several work side by side. */
void instance_ask(struct box *box, struct instance *in);

/* ready.c */
void ready_begin(struct box *box);
/* The same for one that is started later, where another one of its kind may have left what it is ready by. */
void ready_begin_late(struct box *box, struct instance *in);
/* Looks at everything that the harness itself decides; starts what was held back. 0 or -errno (out->why says it). */
int ready_look(struct box *box);
void ready_ended(struct box *box, struct instance *in);
/* Nothing moves: whoever lives and is not ready counts as ready. True if there was one. */
bool ready_by_idleness(struct box *box);
/* The one that others wait for and that was never seen to be ready, or NULL; and that in a sentence. */
const struct instance *ready_waited_for(const struct box *box);
void ready_explain(const struct instance *in, char *why, size_t size);
bool ready_after_met(const struct box *box, const struct instance *in);

/* reap.c */
/* Waits at most timeout_ms for news of any kind and takes it in. True if something happened. */
bool box_wait_news(struct box *box, int timeout_ms);
void box_take_news(struct box *box);
bool signal_is_crash(int signal_number);	/* it tells of a mistake of the process itself */
/* Kills every process of the run, and waits for them (2 s at most). Their number. */
uint32_t box_sweep(struct box *box);

/* tree.c */
bool instance_alive(const struct instance *in);
/* Every process of the run into box->tree: descendants of the box but the zygotes. */
void box_tree(struct box *box);
bool process_runs(int pid);	/* it is there, and no zombie */
/* Index of the arena's process with this pid + 1, or 0. */
uint32_t arena_proc_of(const struct arena *a, int pid);

/* look.c */
/* deep: ask the kernel about every thread; else only about those that are in no recorded call. */
void box_look(struct box *box, bool deep, struct look *out);
/* Is it the main process of a role? That is ours to wait for, not the program's. */
bool box_is_main(const struct box *box, int pid);
/*
 * How many threads of the process wait for a bounded time, if it talks by datagrams: to a peer that has gone it may
 * still repeat what it said, and give up later. Else 0.
 */
uint32_t box_patient(const struct box *box, int pid);
/* Is everything blocked, and was it at the look before (box->last), at least gap_ns ago? */
bool look_same(const struct look *a, const struct look *b, int64_t gap_ns);
/* Who waits in what for whom, into out->waiters. */
void box_waiters(struct box *box);

/* blind.c: which processes of roles the injector was not seen in, into the outcome. */
void blind_collect(struct box *box);

/* Does the wait that the thread is in end by itself? */
bool thread_timed(const struct arena *a, const struct thread *t);
/* stall.c: is the process stopped for good? */
bool stall_holds(const struct box *box, int pid);
/* Lets who was stopped for good go on if every other driver has ended. */
void stall_look(struct box *box);
/* Nobody else gets on any more. True: that was for who was stopped, which goes on; the outcome tells who waited. */
bool stall_in_vain(struct box *box);
/* idle.c: true when nothing has come of anything for quiet_ns, and nothing will. Called now and then. */
bool box_idles(struct box *box);

/* spin.c: true when a role goes on calling without progress. Called at each look. */
bool box_spins(struct box *box, const struct look *now);

/* settle.c: after the drivers: wait for quiet, count descriptors, leaks and zombies; stop services; leftovers. */
void box_settle(struct box *box);
void box_quiet_wait(struct box *box);
void box_stop_services(struct box *box);
/* NULL: there is no room for it; it is only counted. */
struct left *left_add(struct outcome *o, enum left_kind kind, uint32_t owner, bool excused, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* fds.c: descriptors that a live service has open, and those whose other end is gone. Their number. */
uint32_t fds_look(struct box *box, bool report);
/* before.c: what the machine has when a run begins is nobody's leftover. */
void leftovers_before(struct box *box);
uint64_t before_hash(uint32_t kind, const char *name, uint64_t id);
/* Was there an object of this hash when the run began? */
bool was_before(const struct box *box, uint64_t hash);
/* leftovers.c: objects and files left behind; named in the outcome, then removed. */
void leftovers_collect(struct box *box);
/* rescue.c */
/* The box was killed in the middle of a run: removes what its roles made, as far as it does not vanish by itself. */
void leftovers_rescue(struct box *box);
/*
 * Before everybody is killed, where objects outlive their makers: lets nobody make another one, and waits until all
 * that were made are noted in the arena (for MAKERS_PATIENCE at most).
 */
void makers_settle(struct box *box);

#endif
