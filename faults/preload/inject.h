/* SPDX-License-Identifier: MIT */
/*
 * Inside libsabot.so. Everything here may run in a signal handler, between fork and exec, or in a thread that is about
 * to be killed: no malloc, no stdio, no lock, no errno lost. Calls to the kernel go through libc's own functions as
 * looked up in real.c, or through syscall(2) where the injector acts for itself.
 */
#ifndef FAULTS_PRELOAD_INJECT_H
#define FAULTS_PRELOAD_INJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/history/arena.h"
#include "core/model/plan.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Which argument is what. */
enum shape {
	SH_PLAIN, SH_POINTER, SH_PATH, SH_PATH_AT, SH_FD,
	SH_BUF_IN, SH_BUF_IN_FLAGS, SH_BUF_IN_CHK, SH_BUF_IN_FROM, SH_BUF_IN_TIMED, SH_IOV_IN, SH_MSG_IN, SH_MMSG_IN,
	SH_SYSV_IN, SH_EVENTFD_IN,
	SH_BUF_OUT, SH_BUF_OUT_FLAGS, SH_BUF_OUT_TO, SH_BUF_OUT_TIMED, SH_IOV_OUT, SH_MSG_OUT, SH_MMSG_OUT,
	SH_SYSV_OUT, SH_EVENTFD_OUT, SH_TRANSFER, SH_TRANSFER_TO,
	SH_ACCEPT, SH_CONNECT, SH_BIND, SH_LISTEN,
	SH_POLL, SH_PPOLL, SH_SELECT, SH_EPOLL, SH_EPOLL2, SH_EPOLL_CTL,
	SH_SOCKET, SH_PAIR, SH_PIPE, SH_OPEN, SH_OPEN_AT, SH_NEWFD, SH_DUP, SH_SYSV_GET,
	SH_CLOSE, SH_CLOSE_RANGE, SH_CLOSE_FROM, SH_SYSV_CTL,
	SH_SEM, SH_SEM_TIMED, SH_SEMOP, SH_SEMOP_TIMED, SH_MUTEX, SH_MUTEX_TIMED, SH_COND, SH_COND_TIMED,
	SH_FUTEX, SH_FILE_LOCK,
	SH_KILL, SH_SIGACTION, SH_SIGWAIT, SH_SIGWAIT_TIMED,
	SH_FORK, SH_SPAWN, SH_EXEC_ENV, SH_WAITPID, SH_WAITPID_FLAGS, SH_WAITID, SH_SLEEP, SH_FCNTL,
	SH_SETSOCKOPT, SH_TIMER, SH_MMAP, SH_SHMAT, SH_CONFINE,
	N_SHAPES
};

/* How a call says that it failed. */
enum result_kind { RES_I, RES_L, RES_Z, RES_E, RES_V };

typedef long (*real_function)(long, long, long, long, long, long, long);

/* One call on its way through a wrapper. Lives on the wrapper's stack. */
struct inv {
	long a[7];		/* arguments as the program gave them; an action may change them for the real call */
	long result;
	uint64_t site;		/* return address */
	uint64_t stamp;
	struct thread *thread;
	uint32_t row;
	uint32_t object;	/* index + 1; 0: none */
	int32_t fd;
	uint32_t asked;
	uint16_t strike;	/* fault index + 1 */
	uint8_t flags;		/* enum event_flag */
	uint8_t shape, result_kind;
	bool off;		/* not recorded: the injector is not at work here */
	bool quiet;		/* recorded in the thread slot only (a file, a private mutex) */
	bool skip;		/* an action has decided the result; the real call is not made */
	int error;		/* errno to leave, if skip and the result says failure */
	int left;		/* errno as the call has left it: what a signal that comes just then may change */
	uint32_t after;		/* bits: faults decided now whose `when` is after */
	int status;		/* of a child, where the program does not ask for it */
	long raw;		/* the number, if the program called syscall(); 0: by libc's function */
};

/* What a process knows of itself. In a page that fork() wipes: a child finds zeros and takes up its own identity. */
struct self {
	uint32_t live;		/* 1: identity taken */
	uint32_t proc;		/* index */
	int32_t pid;
	uint32_t ready_done;	/* the role's readiness has been told */
	uint32_t fd_exhausted;	/* EMFILE as a state, until a descriptor is closed */
	int32_t fd_free;	/* … which lay below this one, where the injector does not see the close */
	uint64_t fd_exhausted_until;	/* … or until then, ns */
	struct call_set armed;	/* the only rows at which a plan is consulted */
	uint64_t faults;	/* bit i: fault i selects this process */
	uint64_t points;	/* bit i: armed_by or until of fault i selects this process */
	uint32_t confined;	/* enum confined: what it may not be made to ask */
	uint32_t watches_ready;	/* a fault of it needs to know what waits have told */
	uint32_t chunk;		/* index + 1 of the chunk that is being filled */
	uint32_t loads;		/* dlopen() was called: code may have come that is not noted */
	uint32_t module_last;	/* index + 1 of the module that the last such call came from */
};

extern struct arena *arena;
extern struct self *self;
extern real_function real[CALL_BITS];
extern const uint8_t row_family[], row_shape[], row_restart[], row_result[];
extern const uint32_t n_rows;
const char *row_plain(uint32_t row);

/*
 * real.c: real[] is filled from libc's symbol table as its functions are first called, without a lock. real_init()
 * looks up at the start those for which that would take one, or all (a zygote, for its children).
 */
void real_init(bool all);
real_function real_find(uint32_t row);
static inline real_function real_of(uint32_t row)
{
	real_function f = real[row];

	return likely(f) ? f : real_find(row);
}
void *real_symbol(const char *name);	/* one more of libc's functions */

/* What starts need is asked of the kernel: libc's way to it would be one more page of libc to bring in. */
struct stat;
struct statfs;
static inline int fd_stat(int fd, struct stat *st)
{
	return (int)syscall(SYS_fstat, fd, st);
}
static inline int fd_statfs(int fd, struct statfs *fs)
{
	return (int)syscall(SYS_fstatfs, fd, fs);
}
static inline int32_t my_pid(void)
{
	return (int32_t)syscall(SYS_getpid);
}
static inline int32_t parent_pid(void)
{
	return (int32_t)syscall(SYS_getppid);
}

/* init.c: a zygote waits for commands, and how many it has got so far; it has got a child, or -errno. */
uint32_t zygote_ready(struct role_slot *slot);
void zygote_told(struct role_slot *slot, int32_t pid);
/* What its last child had mapped is not mapped any more. */
void zygote_settled(struct role_slot *slot);

/*
 * lend.c: runs each command to the zygote in its own memory, in a process that begins with run(argument) and never
 * returns from it. Comes back only if that cannot be done here. What the process has to close is lend_child()'s.
 */
void lend(struct role_slot *slot, int *tid, int (*run)(void *), void *argument);
void lend_child(void);

/* init.c */
bool identity_take(void);		/* after fork, or late: true if this process has an identity now */
void identity_drop(void);		/* from now on nothing that this process does is seen */
void child_died(int32_t pid, int signal_number);	/* told by wait(2) */
/* A process that was started without taking up an identity as ours: the program that it becomes should say hello. */
void child_beside(int32_t pid, const char *path);
void child_not_beside(int32_t pid);	/* … but it has not become one */
bool borrows_memory(void);		/* a child of vfork: what it stores is stored in its parent */
void crash_watch(void);			/* crash.c, in a child of fork: what child_died() cannot be told */
void crash_hide(struct inv *v);		/* after the program has asked for a handler */
void role_ready(void);			/* the role can be used: wakes who waits for it */
void zygote_main(int argc, char **argv, char **envp);	/* returns in each child */

/* Of a function that is called, or jumped to, by name from a piece of assembler. */
#define FROM_ASSEMBLER(name) __asm__(#name) __attribute__((used, visibility("hidden")))

/* returns.c: how a wrapper gets back to the program; set at the start from what the harness knows of the processor. */
#if defined(__x86_64__) && defined(__has_attribute)
#if __has_attribute(function_return)
#define WRAPPER_RETURNS
#define RETURNS_BY_THUNK __attribute__((function_return("thunk-extern")))
#endif
#endif
#ifndef RETURNS_BY_THUNK
#define RETURNS_BY_THUNK
#endif
extern uint8_t returns_forgotten __attribute__((visibility("hidden")));

/* masks.c: whose calls are the program's although they come from elsewhere. Unwinding takes the loader's lock. */
extern struct mask_span {
	uint64_t start, length;
} masked_span;
void masks_init(void);
bool is_masked(uint64_t address);
uint64_t site_behind(uint64_t address);	/* the first return address behind the masks */
static inline uint64_t site_of(const void *return_address)
{
	uint64_t address = (uint64_t)return_address;

	return unlikely(address - masked_span.start < masked_span.length) ? site_behind(address) : address;
}

void bind_as_ever(char **argv);	/* lazy.c: may begin the program once more */

/* image.c: one program that a process runs; into the arena, with its modules. */
struct image {
	uint32_t index;		/* counts exec */
	bool launcher;		/* it only starts the program proper … */
	bool stays;		/* … and stays beside it */
	uint64_t libc_start, libc_end;	/* libc's code; 0: there is none that is known */
};
struct image image_note(const struct role_slot *slot);
/* Into the arena. Index + 1, or 0: there is no room. */
uint32_t module_add(uint32_t image, uint64_t base, uint64_t start, uint64_t end, const char *path);
/* loaded.c: a call comes from there, in a process that loads more as it goes: notes the library if it is not known. */
void site_module(uint64_t site);
extern uint32_t has_loaded;	/* this process, or one that it was forked from: self->loads of its children */

/* confine.c: a filter of calls (seccomp) that the program has put on itself; what the injector cannot do under it */
enum confined {
	CONFINED_LOOK = 1,	/* find out what a descriptor is */
	CONFINED_WAIT = 2,
	CONFINED_ASK = 4,	/* nearly all that a strike does beside the struck call */
	/* CONFINED_STRICTLY (core/history/arena.h): read, write and exit are all there is, and not even the clock */
};
void confine_expect(struct inv *v);	/* before prctl() and seccomp() */
void confine_note(const struct inv *v);	/* … if it has succeeded */

/* record.c */
extern __thread struct thread *my_slot __attribute__((tls_model("initial-exec")));
extern __thread uint32_t my_proc __attribute__((tls_model("initial-exec")));
extern __thread int *my_errno __attribute__((tls_model("initial-exec")));	/* &errno, once there is a slot */
struct event *event_new(void);		/* a slot of this process's ring, unsealed; NULL: no room */
static inline void event_seal(struct event *e)
{
	__atomic_store_n(&e->seal, atomic_load_explicit(&arena->generation, memory_order_relaxed), __ATOMIC_RELEASE);
}
void event_call(struct inv *v);		/* the event of a call that has returned */
void event_note(enum event_kind kind, struct inv *v, int64_t result, uint32_t asked);
void event_text_of(const void *bytes, uint32_t n);
void event_strike(const struct inv *v, uint32_t fault, int64_t value);
struct thread *thread_slot(void);
uint32_t thread_id(void);		/* gettid(2) */
uint64_t hash_bytes(const void *bytes, uint64_t n);
bool peeks(const struct inv *v);	/* a look at what stays in the queue moves nothing */

/* objects.c */
enum { FD_TABLE = 4096, NOT_IPC = -1 };
extern int32_t fd_table[FD_TABLE];	/* object index + 1 of a descriptor, NOT_IPC, or 0: not looked up yet */
uint32_t object_of_fd(int fd);		/* index + 1; 0: not IPC, or not a descriptor */
uint32_t object_of_key(uint32_t kind, uint64_t key, const char *name);
void object_forget(int fd);
void object_forget_range(unsigned first, unsigned last);
void object_dup(int from, int to);
void object_pair(int fd0, int fd1, uint32_t kind);
void object_connecting(int fd, const void *address, uint32_t length);
void object_connected(int fd, bool ok);
void object_accepted(int listener, int fd);
void object_bound(int fd, const void *address, uint32_t length);
void object_listening(int fd);
void object_resolve_peer(uint32_t object);	/* tries again if the other end was not known */
/* The other end of an unconnected datagram. */
void object_datagram(uint32_t object, const void *address, uint32_t length);
bool object_is_stream(uint32_t kind);
bool object_is_datagram(uint32_t kind);
struct object *object_at(uint32_t object);	/* index + 1 → object */
uint64_t address_hash(const void *address, uint32_t length);
void address_name(const void *address, uint32_t length, char *name, size_t size);
char *number_put(char *to, char *end, uint64_t n);	/* in decimal, without a NUL; where it ends */

/* look.c: what the arguments say; false: the call is none of ours, pass it on unrecorded. */
bool look(struct inv *v);
/* The path or address that a call is given, for objects that have no name before it; "" if it is given none. */
void argument_name(const struct inv *v, char *name, size_t size);
uint32_t object_of_sysv(uint32_t row, long id);
/* learn.c: what a call that has succeeded changes. */
void learn(struct inv *v);
/* wrap.c: what stdio does, as if the program had called __read() or __write() at `site`. */
long recorded_read(int fd, void *buffer, size_t n, uint64_t site);
long recorded_write(int fd, const void *buffer, size_t n, uint64_t site);
/* wrap.c: what the program asks of syscall(), as the call of this row. */
long recorded_raw(long number, const long a[7], uint32_t row, uint64_t site);
/* raw.c: a system call by its number; the result as syscall(2) gives it. */
long raw_call(long number, const long *a);
/* stdio.c: makes stdio visible; the arguments are the range of libc's code. */
void stdio_init(uint64_t code_start, uint64_t code_end);

/* segment.c: a call has mapped shared memory */
void segment_mapped(const struct inv *v);

/* edge.c: what epoll watches; a new edge, when a fault hid what there is. */
struct epoll_event;
void edge_note(int epoll, int operation, int fd, const struct epoll_event *event);
void edge_repeat(int fd);
void edge_closed(int fd);
/* The next from *at on (0 first) that this epoll watches for input, and what it was told of it; -1: no more. */
int edge_watched(int epoll, unsigned *at, struct epoll_event *event);
/* The next from *at on that this event may be about: what the program has stored is the same; -1: no more. */
int edge_meant(int epoll, const struct epoll_event *event, unsigned *at);

/* ready.c: what waits have told, once self->watches_ready is set */
void ready_note(const struct inv *v);	/* of every wait, receive and send that has returned */
/*
 * Has a wait told that this call finds what it needs, on a descriptor where that is a promise, and can nobody else have
 * taken it since? `sole`: it is known that in no run anybody else does; otherwise who has the descriptor might.
 */
bool ready_told(const struct inv *v, bool sole);
bool ready_shared(const struct inv *v, bool sole);	/* may somebody else take it? */

/* decide.c */
void self_arm(void);			/* computes self->armed, ->faults, ->points from the plan */
void decide(struct inv *v, enum when when);
void fiu_start(void);
void fiu_prepare(void);			/* in a zygote, before it forks */

/* An action: one file act_<name>.c each, one row in faults/faults.def. */
struct strike {
	const struct plan_fault *fault;
	struct plan_state *state;
	uint32_t index;
	bool after;		/* the real call has been made */
};
struct action_code {
	/* Strikes, and returns REFUSED_NOT; or says why that is not lawful here, and has done nothing. */
	enum refusal (*strike)(struct inv *v, const struct strike *s);
};

/* segment.c: what `truncate` does to shared memory */
enum refusal segment_truncate(const struct inv *v, const struct strike *s);

/* rights.c: the call, without the descriptors that came with the message */
enum refusal rights_drop(struct inv *v);
/* overdue.c: the call, if it waits for a time that is given, with one that has passed */
bool waits_for_time(const struct inv *v);
enum refusal overdue(struct inv *v);
bool waits_on_condition(const struct inv *v);
bool futex_would_wait(const struct inv *v);	/* its word is what the program says it was */
enum refusal wake_for_nothing(struct inv *v);	/* such a wait, which ends although nobody has signalled */

/* act.c: what the actions share */
enum refusal act(struct inv *v, const struct strike *s);
void decide_result(struct inv *v, int error);	/* the call fails with this errno and is not made */
bool is_stream(const struct inv *v);		/* a byte stream, socketpair included */
bool is_datagram(const struct inv *v);
bool talks_to_kernel(const struct inv *v);	/* netlink: nobody's client, nobody's server */
bool is_connection(const struct inv *v);	/* a stream or seqpacket socket that is or was connected */
void connection_break(struct inv *v);		/* the peer sees a reset; calls here give EOF and EPIPE from now on */
bool descriptors_short(void);			/* does a fail: EMFILE or ENFILE still last? */
void sigpipe_raise(const struct inv *v);	/* SIGPIPE, as the kernel would */
/* A signal that could interrupt this call now, or come just after it; 0: none. */
int handler_find(const struct inv *v, bool after, bool *restart);
int32_t each_target(const struct plan_fault *f, int signal_number); /* sends it to the target's processes; how many */
bool nonblocking(const struct inv *v);
uint64_t now_ns(void);
void wait_ns(uint64_t ns);
/*
 * A receive that blocks returns when something has come: whoever ends the connection then finds the same in every run.
 * Waits for a short time only, for nothing may be to come.
 */
void arrival_wait(const struct inv *v, bool after);
void datagram_flush(int fd);		/* lets go of what `reorder` holds back for this descriptor; -1: all */
void datagram_sent(int fd);		/* one more datagram has gone: counts for what is held back */
long call_real(struct inv *v);		/* the real call with v->a; errno as it left it */

/* futex on a word of the arena */
void futex_wake_all(_Atomic uint32_t *word);
void futex_wait_ns(_Atomic uint32_t *word, uint32_t value, uint64_t ns);

#endif
