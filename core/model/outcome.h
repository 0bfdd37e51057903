/* SPDX-License-Identifier: MIT */
/* How every role of a run ended and what it left behind. Plain data in shared memory; no pointers. */
#ifndef CORE_MODEL_OUTCOME_H
#define CORE_MODEL_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/history/arena.h"

enum {
	OUTCOME_ROLES = 64,	/* role instances */
	OUTCOME_CAPTURE = 16384,	/* bytes kept of each output */
	OUTCOME_LEFT = 64,	/* things left behind that are named */
	OUTCOME_TEXT = 160,
	OUTCOME_WAITERS = 32,
};

enum ended {
	ENDED_NOT,		/* never started */
	ENDED_EXIT,		/* status = exit status */
	ENDED_SIGNAL,		/* status = signal that killed it */
	ENDED_BY_STOP,		/* a service: killed by the very signal that its `stop:` sent */
	ENDED_BY_HARNESS,	/* killed: the run was over and it still ran */
	ENDED_BY_FAULT,		/* killed by a `kill` strike */
};

struct output {
	uint64_t length;	/* bytes written in all */
	uint64_t hash;		/* XXH3 of all of them */
	uint32_t kept;		/* bytes in text */
	char text[OUTCOME_CAPTURE];
};

/* Said of a process that has. */
#define OUTCOME_CONFINED "has confined itself (seccomp): it is seen, but not struck by what it has forbidden itself"

/* What a program was built with that looks at what it does. */
enum sanitizer {
	SANITIZER_NONE,
	SANITIZER_MEMORY,	/* AddressSanitizer */
	SANITIZER_RACES,	/* ThreadSanitizer */
};

struct role_outcome {
	char name[ROLE_NAME];
	int32_t pid;
	uint32_t role;		/* index of scenario.roles */
	enum ended ended;
	int32_t status;
	bool driver, service;
	uint32_t instead_of;	/* "name~restart": index + 1 of the one that had died; else 0 */
	bool started, ready, hello;	/* hello: the injector was seen in it */
	bool core;		/* killed by SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGSYS */
	int32_t fds_at_ready;	/* descriptors open when it was ready; -1: not known */
	int32_t fds_at_end;	/* … when the drivers had ended and it was quiet; -1: not known */
	int32_t threads_at_end;
	uint32_t fds_grown;	/* … of them alike, and not there before the first driver did anything */
	char fds_grown_kind[40];	/* "eventfd", "epoll" … */
	uint32_t patient_at_end;	/* threads that wait for a peer of datagrams for a bounded time */
	int64_t ended_ns;	/* since the start of the run */
	uint64_t cpu_ns;
	int32_t child_signal;	/* a process below it died of this signal, as `core`; 0: none known */
	char child[ROLE_NAME];	/* … and was called so */
	bool end_varies, out_varies, err_varies;	/* of a fault-free run: another one was different */
	enum sanitizer sanitizer;	/* that its program was built with */
	struct output out, err;
};

bool output_same(const struct output *a, const struct output *b);
/* The same but for numbers, which tell of times, ports and process ids. */
bool output_alike(const struct output *a, const struct output *b);
/*
 * What such a sanitizer has reported in it, in few words ("AddressSanitizer: heap-buffer-overflow"), into what, which
 * is returned; NULL: nothing. Of UBSan and MemorySanitizer as of AddressSanitizer.
 */
const char *output_report(const struct output *err, enum sanitizer by, char *what, size_t size);

enum left_kind {
	LEFT_SOCKET,
	LEFT_FIFO,
	LEFT_SHM,
	LEFT_MQ,
	LEFT_SEM,
	LEFT_SYSV,
	LEFT_PROCESS,
	LEFT_ZOMBIE,
	LEFT_FD,
	LEFT_FILE
};

struct left {
	enum left_kind kind;
	uint32_t owner;			/* role_outcome index + 1 that is answerable; 0: not known */
	bool excused;			/* its owner was SIGKILLed by a fault, or it is an ordinary file */
	uint32_t object;		/* of a descriptor: arena object + 1; 0: not known */
	char text[OUTCOME_TEXT]; /* "socket file kv.sock", "descriptor 7 (connection to client, which has ended)" */
};

enum run_end {
	RUN_DONE,	/* every driver ended and every service stopped */
	RUN_HUNG,	/* a stall was found: nobody left could wake them */
	RUN_SPUN,	/* a role went on calling without progress */
	RUN_TIMEOUT,	/* the last resort */
	RUN_BROKEN,	/* the harness failed: `why` says how */
	RUN_CANNOT,	/* not possible on this machine: `why` */
};

/* One thread that waited when the run was found hung, or a driver starved. */
struct waiter {
	uint32_t role;		/* role_outcome index */
	char process[ROLE_NAME];
	uint32_t tid;
	uint32_t call;		/* row + 1; 0: not in a recorded call */
	uint32_t object;	/* arena object + 1 */
	uint64_t site;
	uint32_t image;
	char for_whom[ROLE_NAME];	/* process at the other end; "" not known */
	bool held;			/* it has not begun: for_whom is not ready yet */
};

struct outcome {
	enum run_end end;
	char why[512];
	char spinner[ROLE_NAME];	/* RUN_SPUN: the process that did */
	char stalled[ROLE_NAME];	/* the process that was stopped for good, and goes on; "" none */
	bool starved;			/* … before every other driver had ended */
	int64_t duration_ns;
	uint32_t n_roles;
	uint32_t n_left;
	uint32_t left_more;	/* beyond OUTCOME_LEFT */
	uint32_t n_waiters, n_starving;
	uint32_t n_blind;	/* processes of roles in which the injector was not seen */
	char blind[256];
	uint32_t n_confined;	/* processes that have confined themselves by seccomp(2) … */
	char confined[ROLE_NAME];	/* … the first */
	bool seen_all_events;	/* no ring overflowed */
	uint64_t files_hash;	/* of names and contents of ordinary files left in ${TMP} */
	uint32_t n_files;
	uint64_t n_calls;	/* recorded events: for "amplified" */
	struct waiter waiters[OUTCOME_WAITERS];
	struct waiter starving[OUTCOME_WAITERS];	/* who waited when the stopped one had to go on */
	struct left left[OUTCOME_LEFT];
	struct role_outcome roles[OUTCOME_ROLES];
};

/* NULL: there is none. */
const struct role_outcome *role_named(const struct outcome *o, const char *name);

/* Is the process of this name ("server", "server.1") the role's own, or a child of it? */
bool role_owns(const struct role_outcome *r, const char *process);

/* A driver that ran once more, after the faults. */
static inline bool outcome_is_probe(const struct role_outcome *r)
{
	return strstr(r->name, "~probe") != NULL;
}

/* The role of `base`, without the fault, that role i of *o is compared with: who took another's place with that one. */
static inline const struct role_outcome *outcome_counterpart(
	const struct outcome *base, const struct outcome *o, uint32_t i)
{
	uint32_t as = o->roles[i].instead_of ? o->roles[i].instead_of - 1 : i;

	return as < base->n_roles ? &base->roles[as] : NULL;
}

#endif
