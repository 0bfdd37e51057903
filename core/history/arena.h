/* SPDX-License-Identifier: MIT */
/*
 * The arena: one file in shared memory that the harness and every process of a run have mapped. It holds the plan
 * (read by the injector), the processes, the threads and what they are in, the objects that they use, and the event
 * chunks. Everything is plain data; there are no pointers in it. All writers are lock-free and async-signal-safe.
 *
 * A worker reuses its arena for the next run: arena_reset() gives it a new generation, which unseals every event.
 */
#ifndef CORE_HISTORY_ARENA_H
#define CORE_HISTORY_ARENA_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rng.h"
#include "core/history/event.h"

#define ARENA_MAGIC 0x5ab07a2eu
#define ARENA_VERSION 6u

#define ARENA_ENV "SABOT_ARENA"	/* path of the arena file */
#define ROLE_ENV "SABOT_ROLE"	/* index of the role instance that this program is */
/* set: stop before main and fork a run on command; 2: LD_BIND_NOW too was set for that */
#define ZYGOTE_ENV "SABOT_ZYGOTE"

enum arena_limit {
	ARENA_ROLES = 64,	/* role instances */
	ARENA_PROCS = 512,
	PROC_BESIDE = 8,
	PROC_EXECUTES = 128,
	ARENA_THREADS = 1024,
	ARENA_OBJECTS = 4096,
	ARENA_MODULES = 4096,	/* a shell script runs many programs, each with its libraries */
	ARENA_CHUNKS = 2048,
	CHUNK_EVENTS = 1023,	/* with its header a chunk is 64 KiB: 128 MiB at most, touched only as used */
	ROLE_NAME = 48,
	OBJECT_NAME = 112,
	MODULE_PATH = 160,
	ARENA_PLAN = 32768,	/* bytes kept for struct plan */
};

enum proc_state { PROC_FREE, PROC_CLAIMED, PROC_ALIVE, PROC_EXITED };

/* A process of a role. Written by itself (or by its parent between fork and the child's first event). */
struct proc {
	_Atomic uint32_t state;
	int32_t pid, parent_pid;
	uint32_t role;			/* index of the role instance */
	uint32_t parent;		/* process index + 1; 0: started by the harness */
	_Atomic uint32_t n_children;	/* ordinal of the next child */
	char name[ROLE_NAME];		/* "server", "client/2", "server.1.1" */
	uint32_t image;			/* which program it runs: counts exec */
	_Atomic uint32_t first_chunk, last_chunk;	/* chunk index + 1; 0: none */
	_Atomic uint64_t lost;		/* events that found no room */
	uint32_t launcher;		/* sh, env, valgrind …: never struck; its first child takes over its name */
	_Atomic uint32_t n_beside;	/* programs started without a fork of ours: vfork and exec, posix_spawn */
	_Atomic int32_t beside[PROC_BESIDE];	/* the last of these processes; each should say hello */
	uint32_t confined;		/* by seccomp(2): not 0 if the injector cannot do all of its work in it … */
#define CONFINED_STRICTLY 8		/* … or none */
	_Atomic int32_t died_by;	/* the signal that ended it, as who waits for it was told; 0: not known */
};

/* Of a process: looked at only where a program was never seen. What is valid `proc` and the events say. */
struct proc_programs {
	char executes[PROC_EXECUTES];	/* what it was last about to become */
	char started[PROC_BESIDE][PROC_EXECUTES];	/* what those of proc.beside were to become */
};

/* What a thread is in. `call` is stored last when a call begins, and cleared first when it ends. */
struct thread {
	_Alignas(64) _Atomic uint32_t tid;	/* 0: free */
	uint32_t proc;			/* process index */
	_Atomic uint32_t call;		/* row of calls.def + 1; 0: not in a recorded call */
	int32_t fd;
	uint32_t object;		/* index + 1 */
	uint32_t asked;
	uint32_t flags;			/* enum event_flag: NONBLOCK, TIMED */
	_Atomic uint32_t n_calls;	/* grows with every call: tells a stall from a loop */
	uint64_t since, site;
	int64_t extra;			/* poll, select: number of descriptors; futex-like: address */
};

/* OBJ_FILE: a FIFO or a named semaphore that a role has made, as a name that may be left behind; never a channel. */
enum object_kind {
	OBJ_NONE, OBJ_UNIX_STREAM, OBJ_UNIX_DGRAM, OBJ_UNIX_SEQPACKET, OBJ_SOCKETPAIR, OBJ_TCP, OBJ_UDP,
	OBJ_PIPE, OBJ_FIFO, OBJ_POSIX_MQ, OBJ_SYSV_MQ, OBJ_POSIX_SHM, OBJ_SYSV_SHM, OBJ_MEMFD, OBJ_SEM,
	OBJ_SYSV_SEM, OBJ_EVENTFD, OBJ_SIGNALFD, OBJ_TIMERFD, OBJ_EPOLL, OBJ_NETLINK, OBJ_PTY, OBJ_FILE,
	OBJ_OTHER, OBJ_N_KINDS
};

enum object_flag {
	OBF_LISTENER = 1,
	OBF_STANDARD = 2,	/* stdin, stdout or stderr that the harness gave: never struck */
	OBF_ACCEPTED = 4,	/* made by accept */
	OBF_CONNECTED = 8,
	OBF_CLAIMED = 16,	/* a connect that its accept has found */
	OBF_FAILED = 32,	/* a connect that failed */
	OBF_CONNECTING = 64,	/* connect was called and has not returned */
	OBF_RESET = 128,	/* a strike reset it: receives give EOF, sends EPIPE */
	OBF_EOF = 256,		/* a strike ended its incoming stream */
	OBF_RCVTIMEO = 512,	/* SO_RCVTIMEO is set */
	OBF_SNDTIMEO = 1024,	/* SO_SNDTIMEO is set */
};

/*
 * One IPC object as one process sees it first: a connection has two (one each end, each other's `peer`), a pipe, a
 * queue or a segment one that all share.
 */
struct object {
	_Atomic uint32_t state;		/* 0 free, 1 being filled, 2 ready */
	uint32_t kind;			/* enum object_kind */
	_Atomic uint32_t flags;		/* enum object_flag */
	uint32_t proc;			/* process index that made it or met it first */
	uint64_t key;			/* inode, id, or hash of the name: the same in every process */
	uint64_t local, remote;		/* hashes of the addresses; 0: none */
	_Atomic uint32_t peer;		/* object index + 1 of the other end; 0: none or not known */
	_Atomic uint32_t peer_proc;	/* process index + 1 at the other end */
	uint32_t ordinal;		/* the how-manieth of this kind, process and peer role: 1, 2, … */
	uint32_t type;			/* sockets: SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
	_Atomic uint32_t patience_ms;	/* SO_RCVTIMEO as it was set last; 0: none */
	uint64_t made;			/* stamp */
	char name[OBJECT_NAME];		/* address or path, printable; "" if it has none */
};

struct module {
	_Atomic uint32_t state;
	uint32_t image;			/* image index of struct proc */
	uint64_t base, start, end;	/* load bias; address range of the code */
	char path[MODULE_PATH];
};

/* What the harness and the roles wait for. Every word is a futex; each counts up and is woken on change. */
struct role_slot {
	char name[ROLE_NAME];
	char path[MODULE_PATH];		/* by what name the harness starts its program … */
	char executable[MODULE_PATH];	/* … and which file that is; "": only the kernel knows */
	_Atomic uint32_t ready;		/* 0 not yet, 1 ready, 2 ended before it was ready */
	_Atomic uint32_t ready_at;	/* enum ready_kind: how the injector decides that it is ready */
	_Atomic uint64_t after;		/* bits: role instances that must be ready before main of this one */
	/* the zygote of this role instance */
	_Atomic uint32_t zygote;	/* 1: stopped before main, waiting for `command` */
	_Atomic uint32_t command;	/* count of forks asked for; the zygote waits for it to grow */
	_Atomic uint32_t forked;	/* count of forks done */
	_Atomic int32_t pid;		/* of the last fork, a child of the harness; < 0: it failed */
	_Atomic uint32_t settled;	/* count of forks that keep nothing alive any more by what they had mapped */
};

enum ready_kind {
	READY_STARTED,
	READY_LISTEN,		/* it listens, or has bound a datagram socket */
	READY_HARNESS,		/* the harness decides: path or output */
	READY_USABLE,		/* it listens, or is in a call that waits for others */
};

struct chunk {
	_Atomic uint32_t used;		/* events claimed; may pass CHUNK_EVENTS when several writers find it full */
	uint32_t proc;
	_Atomic uint32_t next;		/* chunk index + 1 */
	uint32_t resident;		/* 1: its pages were taken by an earlier run of this arena */
	uint32_t reserved[12];
	struct event events[CHUNK_EVENTS];
};
static_assert(sizeof(struct chunk) == 65536, "a chunk is whole pages");

struct arena {
	uint32_t magic, version;
	uint64_t size;			/* bytes of the whole file */
	_Atomic uint32_t generation;	/* never 0 */
	uint32_t backtrace;		/* 1: a strike notes who called the struck call (plan_state.frames) */
	uint32_t payload;		/* record up to so many bytes of each payload as EV_TEXT; 0: none */
	uint64_t tick_hz, tick_base;	/* stamp of the start of the run */
	uint64_t seed;
	double time_scale;		/* delays are multiplied by it */
	int32_t harness_pid;
	_Atomic uint32_t stop;		/* 1: the run is over: who is about to make an object waits to be killed */
	uint32_t returns_forgotten;	/* 1: processor_forgets_returns() */
	uint32_t n_roles;
	_Atomic uint32_t n_images, n_modules, n_procs, n_objects, n_threads;
	uint32_t kept_images, kept_modules;	/* of zygotes: arena_reset() forgets those above */
	_Atomic uint32_t next_chunk, n_chunks;
	_Atomic uint64_t lost;		/* events that found no chunk */
	char library[256];		/* path of libsabot.so, to preload into children that lost their environment */
	char path[256];			/* path of this file */
	char directory[256];		/* ${TMP} */
	struct role_slot roles[ARENA_ROLES];
	struct proc procs[ARENA_PROCS];
	struct thread threads[ARENA_THREADS];
	struct object objects[ARENA_OBJECTS];
	_Alignas(4096) struct module modules[ARENA_MODULES];
	_Alignas(64) unsigned char plan[ARENA_PLAN];	/* struct plan */
	struct proc_programs programs[ARENA_PROCS];
	_Alignas(4096) struct chunk chunks[];
};

/*
 * Creates the arena file at path (mode 0666: roles may change user) with room for n_chunks, maps it and fills in the
 * header; *out is the mapping. 0, or -errno. The harness calls it; the file is the caller's to unlink.
 */
int arena_new(const char *path, uint32_t n_chunks, struct arena **out);
/* Unmaps. NULL is fine. Returns NULL to assign back. */
struct arena *arena_free(struct arena *a);
/* Maps an arena file that exists, after checking magic, version and size. 0, or -errno (-EPROTO: not an arena). */
int arena_map(const char *path, struct arena **out);
/* A new generation: forgets processes, threads, objects, events and programs; keeps roles' names and what is kept. */
void arena_reset(struct arena *a);
/* The programs known now (zygotes, which outlive a run) stay known over arena_reset(). */
void arena_keep_programs(struct arena *a);

/* The present time in ticks (the time-stamp counter where there is one, else CLOCK_MONOTONIC ns). Async-signal-safe. */
static inline uint64_t tick_now(void);

#if defined(__x86_64__)
static inline uint64_t tick_now(void)
{
	return __builtin_ia32_rdtsc();
}
#else
#include <time.h>
static inline uint64_t tick_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
#endif

/* How many objects may be looked at: the counter goes on when there is no room for more. */
static inline uint32_t arena_n_objects(const struct arena *a)
{
	uint32_t n = atomic_load(&a->n_objects);

	return n < ARENA_OBJECTS ? n : ARENA_OBJECTS;
}

/* The same of threads. */
static inline uint32_t arena_n_threads(const struct arena *a)
{
	uint32_t n = atomic_load(&a->n_threads);

	return n < ARENA_THREADS ? n : ARENA_THREADS;
}

/* The key of an object that is a file (stat(2): st_dev and st_ino), the same for everybody who has it open. */
static inline uint64_t arena_file_key(uint64_t device, uint64_t inode)
{
	return rng_mix(device ^ rng_mix(inode));
}

#endif
