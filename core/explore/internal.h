/* SPDX-License-Identifier: MIT */
/* Inside core/explore. */
#ifndef CORE_EXPLORE_INTERNAL_H
#define CORE_EXPLORE_INTERNAL_H

#include <stdatomic.h>

#include "core/explore/explore.h"
#include "core/history/history.h"
#include "core/model/outcome.h"
#include "core/model/plan.h"
#include "core/report/site.h"
#include "core/run/run.h"

enum {
	SWEEP_SITES = 1024, SWEEP_CANDIDATES = 16384, SWEEP_FINDINGS = 256, SWEEP_SKIPS = 2048, SWEEP_WORKERS = 32,
	SWEEP_REHEARSALS = 10,
	SITE_KEY = 160, LABEL = 64, TRIAL_TEXT = 200, BASELINE_RUNS = 3, CONFIRMATIONS = 3, SHRINK_TRIES = 2,
	LONG_ERRANDS = CONFIRMATIONS + SHRINK_TRIES, FINDING_DIAGRAM = 4096,
};

enum { CONFIRM_AT_ONCE = 12, WAITING_AT_ONCE = 32 };	/* boxes side by side; those of long runs, which wait more */
#define LONG_NS 500000000
#define SLOW_NS 400000000	/* a trial that takes longer is not tried at every occurrence */

/* What a fault may do to a correct program. */
enum grade {
	GRADE_TRANSPARENT,	/* nothing that anybody notices */
	GRADE_NETWORK,		/* a datagram was lost or doubled: retransmission, or a said failure */
	GRADE_DISRUPTIVE,	/* the struck conversation may end, said; nothing else */
};

enum symptom {
	SYMPTOM_NONE, SYMPTOM_HANG, SYMPTOM_BUSY_LOOP, SYMPTOM_CRASH, SYMPTOM_DOWN, SYMPTOM_WRONG_OUTPUT, SYMPTOM_LOSS,
	SYMPTOM_UNCLEAN_EXIT, SYMPTOM_LEAK, SYMPTOM_LEFTOVER, SYMPTOM_AMPLIFIED, N_SYMPTOMS
};
extern const char *const symptom_names[N_SYMPTOMS];
/* The property that a scenario which replays the symptom asks for. */
extern const char *const symptom_properties[N_SYMPTOMS];

struct sweep_site {
	char key[SITE_KEY];	/* "server.c:57" or "module+0x12": the same in every run */
	char text[SITE_KEY];	/* with the function */
	char path[SITE_PATH];	/* of the source; "" unknown */
	char file[SITE_FILE];
	int line;
	bool program;		/* in the role's own program, not in a library */
};

/* A fault at a position. */
struct candidate {
	struct plan_fault fault;
	char label[LABEL];		/* "short: 1" */
	char call[32];
	char process[ROLE_NAME];
	char peer[ROLE_NAME];
	uint32_t role;			/* index of scenario.roles of the process struck */
	uint32_t site;			/* index of sites */
	uint32_t occurrence;
	uint32_t rank;			/* the how-manieth of its site and label: small ones are tried first */
	enum grade grade;
	bool before_ready;		/* before its process took its first client */
	uint64_t clients;		/* instances of drivers that a conversation between services is held for */
	bool lasting;			/* never heals: liveness is not asked for */
	/* a second fault in the same run */
	bool has_also;
	struct plan_fault also;
	char also_label[LABEL], also_call[32];
	uint32_t also_site;
	bool kills;			/* the struck process dies */
	bool stops_in_call;		/* a pause that gives EINTR */
	bool of_service;		/* the struck process is a service, not a driver */
	uint32_t stall_call;		/* stopped for good: the how-manieth call of its name in it; 0: it is not */
};

enum trial_state { TRIAL_WAITING, TRIAL_RUNNING, TRIAL_DONE, TRIAL_SKIPPED };
enum trial_result { RESULT_HANDLED, RESULT_BROKEN, RESULT_INFEASIBLE, RESULT_MISSED, RESULT_HARNESS };

struct trial {
	_Atomic uint32_t state;
	enum trial_result result;
	enum symptom symptom;
	uint32_t refusal;
	int64_t started_ns;
	_Atomic int64_t run_ns;		/* CLOCK_MONOTONIC start of its present run */
	int64_t duration_ns;		/* of its last run */
	_Atomic uint32_t moving;	/* threads that were not waiting when the harness looked last */
	char text[TRIAL_TEXT];		/* what was seen */
	char role[ROLE_NAME];		/* who showed it */
	char property[32];		/* of the user's `expect:` that it violates; "" none */
};

/* How the outputs of a role compare between fault-free runs. */
enum steadiness { STEADY, STEADY_LINES /* in any order */, UNSTEADY };

/* Datagrams that the same process sends more than once: how many different ones, and the most often that one is. */
struct repeats {
	uint32_t n, most;
};

struct baseline {
	bool sound;
	char why[512];			/* not sound: what is wrong without any fault */
	char notes[1024];		/* what differs between runs */
	enum steadiness out[OUTCOME_ROLES], probe[OUTCOME_ROLES];
	bool end_varies[OUTCOME_ROLES], probe_end_varies[OUTCOME_ROLES];
	bool files_steady;
	uint64_t unmet;			/* bit per property of property_table that does not hold, although it should */
	int64_t duration_ns, cpu_ns;	/* the most that a run took; of the processor, all roles together */
	uint64_t n_calls;
	struct repeats repeats;
	uint32_t first_call[OUTCOME_ROLES];	/* row + 1 of what a role begins with; 0 not known */
	struct outcome outcome, probed;
};

struct worker_slot {
	_Atomic int pid;
	_Atomic uint32_t trial;		/* index + 1 of what it tries, or tried last; 0: nothing yet */
};

struct finding {
	uint32_t candidate;		/* after shrinking */
	enum symptom symptom;
	char text[TRIAL_TEXT], role[ROLE_NAME], property[32];
	_Atomic uint32_t tried, seen[N_SYMPTOMS];	/* confirmations; by what they showed */
	uint32_t n_alike;		/* trials that showed the same */
	char scenario[256];		/* file written; "" not yet */
	char diagram[FINDING_DIAGRAM];
	char callers[256];		/* "server.c:100 (serve) < server.c:140 (main)" */
	char broke_at[SITE_KEY];	/* "server.c:88": the last call of the one who showed it; "" says nothing */
	char broke[SITE_KEY + 64];	/* "server, in write at server.c:88 (flush)" */
	_Atomic uint32_t alone[N_SYMPTOMS];	/* what came of SHRINK_TRIES with one instance of each role */
	uint32_t messages, clients;	/* fewer than the scenario has suffice; 0: as many as it has */
	bool posix;			/* lawful by POSIX, not seen on Linux */
};

/* A fault that cannot happen at a place, told in the coverage. */
struct skipped {
	uint32_t site, refusal;
	char call[32], kind[LABEL];
};

struct sweep;

/* What a box is started with. */
struct errand {
	struct sweep *sweep;
	uint32_t worker;
	struct finding *finding;	/* confirm: which … */
	uint32_t runs;			/* … how often … */
	bool first;			/* … and whether this errand tells and draws what it sees */
	bool alone;			/* with one instance of each role instead: does it break then? */
};

/* A long run made again while the sweep still waits for it. */
struct rehearsal {
	struct finding finding;		/* what is seen, of its candidate */
	uint32_t n_errands;
	struct errand errands[LONG_ERRANDS];
	int pids[LONG_ERRANDS];		/* of boxes; 0: it has ended */
};

struct sweep {
	const struct scenario *scenario;
	struct explore_options options;
	struct baseline baseline;
	uint32_t n_sites, n_candidates, n_findings, n_positions;
	uint32_t n_skipped[N_REFUSALS];	/* candidates not tried because they cannot happen */
	uint64_t avoid_signals;
	uint32_t longest_rest_ms;	/* of a process in a fault-free run: asleep, or in a wait in vain */
	int64_t started_ns, swept_ns;	/* spent in the sweep */
	_Atomic uint32_t next;		/* index into order */
	_Atomic uint32_t stop, n_broken, n_harness, n_runs;
	_Atomic int64_t deadline_ns;
	_Atomic int64_t reserve_ns;	/* of the budget: what trying again what broke will take */
	uint32_t n_order, order[SWEEP_CANDIDATES];
	uint32_t n_wanted;		/* as many without --positions */
	uint32_t n_runs_before, n_runs_swept;	/* runs before the sweep; in it */
	uint32_t n_unreproduced;
	char unreproduced[4096];	/* a line each */
	bool interrupted, out_of_budget;
	char harness_why[512];
	struct worker_slot workers[SWEEP_WORKERS];
	uint32_t n_skips;
	struct skipped skips[SWEEP_SKIPS];
	struct sweep_site sites[SWEEP_SITES];
	struct finding findings[SWEEP_FINDINGS];
	uint32_t n_rehearsals;
	struct rehearsal rehearsals[SWEEP_REHEARSALS];
	struct trial trials[SWEEP_CANDIDATES];
	struct candidate candidates[SWEEP_CANDIDATES];
};

/* positions.c, in a box: fills sites and candidates from a fault-free history. */
void positions_collect(struct sweep *w, struct history *h, const struct arena *a);
/* menu.c: the faults for one position. Appends candidates that differ in fault and label. */
struct position {
	const struct history_event *event;
	const struct object *object;	/* NULL none */
	uint64_t largest_write;		/* into this object, of all processes */
	uint64_t bytes;			/* written into this object */
	uint64_t taken;			/* read from it */
	bool driver, nonblocking_seen, has_handler, datagram;
	uint64_t sent;			/* the room that what was written into this object before takes at most */
	bool last;			/* nothing more of its kind follows */
	bool near_end;			/* the last of its kind, or the one before (the last is often an end of file) */
	uint32_t timer_ms;		/* its process has a timerfd that goes off once, after so long; 0: none */
	bool waits;			/* the call has waited at this place, here or another time */
	bool within;			/* one write has brought what comes here and what came before it */
	char other[ROLE_NAME];		/* glob of who is waited for; "": not known */
	uint32_t of_call;		/* the how-manieth of its name in its process, if stalls are wanted; else 0 */
};
void menu_offer(struct sweep *w, const struct position *p, const struct candidate *like);
bool arms(const struct call *call);
/* Is it a wait on a condition variable? */
bool waits_on_condition(const struct call *call);
/* Does the event of this wait say for how many ms it waits at most? */
bool tells_patience(const struct call *call);
/* menu_errors.c: is there an error to be tried at the call, whatever its object? */
bool may_be_refused(const struct sweep *w, const struct call *call);
/* Does the call say with it that its time is over? */
bool is_timeout(const struct call *call, int error);

/* boundary.c: has the peer moved what is received here together with what was received before? */
bool is_within_write(const struct history *h, const struct history_event *he, const struct object *o);

/* backlog.c: per event, of one that sends into a message queue: does who sends know that it has been emptied before? */
void backlog_learn(const struct history *h, const struct arena *a, bool *all_taken);

/* rests.c: how long a process sleeps, or waits in vain, at most. */
uint32_t longest_rest_ms(const struct history *h);

/* The call of this name and its twins alone, where a family is called so as well. */
void select_call(const char *plain, struct call_set *out);

/* stalls.c: a driver that is stopped for good, where the file expects no-starvation and there are others. */
bool stalls_wanted(const struct sweep *w);
/* Faults that hold the other drivers back until it is stopped; how many. */
uint32_t stalls_hold(const struct sweep *w, const struct candidate *c, struct plan_fault *faults, uint32_t room);
enum symptom judge_stall(const struct outcome *o, struct trial *t);
/* Of a driver that came to another end, told in *t, than it does without the one that is stopped. */
enum symptom judge_unserved(const struct role_outcome *r, enum symptom symptom, struct trial *t);
/* Where whoever waited for it did, or else the one who showed it; NULL: nobody had to wait. */
const struct waiter *stall_place(const struct outcome *o, const char *role);

/* pairs.c: after the sweep: pairs of faults on one channel that were handled one by one, with --depth 2 all. Any? */
bool pairs_offer(struct sweep *w);

/* judge.c */
void baseline_learn(struct baseline *b, const struct outcome *run, const struct outcome *probed, bool first);
void baseline_learn_order(struct baseline *b, const struct outcome *run);
bool baseline_sound(struct baseline *b, const struct scenario *s);
void baseline_note(struct baseline *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void baseline_judge(struct sweep *w, const struct history *h);	/* judge_history.c */
uint64_t lines_hash(const struct output *o);
enum symptom judge(const struct sweep *w, const struct candidate *c, const struct outcome *o, struct trial *t);
/* Fills *t; gives the symptom back. */
enum symptom judge_say(struct trial *t, enum symptom symptom, const char *role, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The instance whose process (or whose child) was struck. */
bool is_struck(const struct candidate *c, const struct role_outcome *r);
bool ended_same(const struct role_outcome *a, const struct role_outcome *b);
/* The last line on its stderr, into line, which is returned. */
const char *last_words(const struct role_outcome *r, char *line, size_t size);
/* What was left behind and counts, from *at on: descriptors and processes, or objects with a name. NULL: no more. */
const struct left *left_next(const struct outcome *o, bool descriptors, uint32_t *at);
uint32_t left_count(const struct outcome *o, bool descriptors);
/* Does the user's `expect:` take it for harmless? */
bool is_benign(const struct sweep *w, enum symptom symptom);

/* judge_twice.c: has a child of this role, that was struck, printed once more what its parent had printed? */
enum symptom judge_twice(const struct candidate *c, const struct role_outcome *r, const struct role_outcome *base,
	enum steadiness how, struct trial *t);

/* judge_report.c: has a sanitizer told of a crash? And of which line: "server.c:57", and the same in words. */
#define MEMORY_CLEAN "memory-clean"
enum symptom judge_report(const struct sweep *w, const struct outcome *o, struct trial *t);
bool report_place(const struct outcome *o, const char *role, char *key, size_t key_size, char *text, size_t text_size);

/* judge_restart.c: of services that were started again. */
#define STARTED_AGAIN "started again"	/* stands in every text about one */
/* The one that took the place of the role of this index, or NULL; and the first that took anybody's. */
const struct role_outcome *restart_of(const struct outcome *o, uint32_t index);
const struct role_outcome *restart_any(const struct outcome *o);
enum symptom judge_restart_hung(const struct outcome *o, struct trial *t);
enum symptom judge_restart(const struct sweep *w, const struct outcome *o, struct trial *t);
enum symptom judge_restart_left(const struct sweep *w, const struct outcome *o, struct trial *t);
/* Do these two, who showed it and what was seen, tell of the same service that does not come up? */
bool restarts_alike(const char *role, const char *text, const char *other_role, const char *other_text);

/* judge_history.c: what judge() let pass, for what only the history tells; only needed if wants_history(). */
bool wants_history(const struct sweep *w, const struct candidate *c);
enum symptom judge_history(const struct sweep *w, const struct candidate *c, const struct outcome *o,
	const struct history *h, struct trial *t);

/* judge_shortage.c: nothing may be accepted for a while, for want of descriptors. */
bool makes_shortage(const struct candidate *c);
enum symptom judge_shortage(const struct candidate *c, const struct history *h, struct trial *t);
/* Does the struck process hang because it waits until it has closed a descriptor? */
bool waits_for_descriptor(const struct candidate *c, const struct history *h);

struct repeats datagrams_repeated(const struct history *h);

/* worker.c: errands, run in a box */
int errand_scout(struct box *box, void *data);
int errand_sweep(struct box *box, void *data);
void plan_one(struct arena *a, const struct sweep *w, const struct candidate *c);
int worker_prepare(struct sweep *w, struct box *box);
/* Fault-free runs into w->baseline; `positions`: the first also gives the positions. 0 or an exit code. */
int worker_learn(struct sweep *w, struct box *box, struct outcome *out, bool positions);
/* One struck run, judged. 0 or -errno. */
int worker_trial(struct sweep *w, struct box *box, const struct candidate *c, struct outcome *out, struct trial *t);
/* evidence.c, in a box whose run broke: fills the picture, the callers and the place of the end in *f. */
void evidence_take(struct sweep *w, struct box *box, const struct outcome *o, struct finding *f);
/* confirm.c: an errand, run in a box */
int errand_confirm(struct box *box, void *data);
/*
 * shrink.c, in a box: leaves out of the scenario what the finding does not need. The box is prepared anew. alone: tries
 * one instance of each role as well, unless errands of their own do so.
 */
void finding_shrink(struct sweep *w, struct box *box, struct finding *f, bool alone, struct outcome *out);
/* Might one instance of each role suffice? What comes of it with one, each time. */
bool may_be_alone(const struct sweep *w, const struct candidate *c);
enum symptom breaks_alone(
	struct sweep *w, struct box *box, uint32_t candidate, uint32_t tries, struct outcome *out);
struct scenario *scenario_shrunk(const struct scenario *s, uint32_t messages, uint32_t clients);

/* triage.c */
void findings_group(struct sweep *w);
/* Do these two broken trials tell the same? */
bool trials_alike(const struct sweep *w, uint32_t a, uint32_t b);
/* Would they, if both broke in the same way? */
bool candidates_alike(const struct candidate *a, const struct candidate *b);
/* Which of two alike trials stands for both: never a matter of what was quicker. */
bool candidate_better(const struct sweep *w, uint32_t a, uint32_t b);
static inline uint32_t finding_reproduced(const struct finding *f)
{
	return atomic_load(&f->seen[f->symptom]);
}
int findings_confirm(struct sweep *w, const struct box_options *options);
/* A box for each, the CPUs in turn: errand_confirm(). pids[i] 0: that one could not be started. */
void errands_start(struct sweep *w, const struct box_options *options, struct errand *errands, uint32_t n, int *pids);

/* The errands of a finding whose runs are long, side by side; how many: LONG_ERRANDS at most. */
uint32_t errands_of_long(struct sweep *w, struct finding *f, struct errand *errands);
/* Do some of them ask whether one instance of each role suffices? Else the first one asks, when it has confirmed. */
bool shrinks_beside(const struct sweep *w);

/* rehearse.c: starts what is worth it, and stops what is no longer. idle: there is nothing to do but to wait. */
void rehearsals_look(struct sweep *w, const struct box_options *options, bool idle);
/* Which candidate is to be made again next; false: none now. */
bool rehearsal_next(const struct sweep *w, bool idle, int64_t now_ns, uint32_t *candidate);
/* The sweep is over: waits for those of what broke; at_once: for none. */
void rehearsals_end(struct sweep *w, bool at_once);
/* Was the finding confirmed meanwhile, each time? Then *f tells what was seen. */
bool rehearsal_adopt(struct sweep *w, struct finding *f);

/* finding.c: one finding as a scenario file */
int finding_write(struct sweep *w, uint32_t index, const char *path);
/* The property that a replay must ask for to see the finding. */
const char *finding_property(const struct finding *f);
/* What correct code would do at such a place: a sentence. */
const char *advice(const struct candidate *c, const struct finding *f);

/* coverage.c */
enum coverage { COVER_NOT_RUN, COVER_INFEASIBLE, COVER_HANDLED, COVER_BROKEN, N_COVERAGE };
extern const char *const coverage_names[N_COVERAGE];
struct cover_row {
	uint32_t site;
	char call[32];
	char fault[LABEL];
	enum coverage state;
};
/* All rows, sorted by site, call and fault; the caller frees *rows. */
size_t coverage_rows(const struct sweep *w, struct cover_row **rows);
/* Faults that were not tried, or refused, because they cannot happen at their position. */
uint32_t count_infeasible(const struct sweep *w);
/* The word before ':' of a label: "short" of "short: 1"; "fail EMFILE" stays whole. */
void label_kind(const char *label, char *out, size_t size);
/* The same for faults that teach the same: "the peer is gone" for a kill and for a reset. triage.c */
void label_lesson(const char *label, char *out, size_t size);

#endif
