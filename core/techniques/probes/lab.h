/* SPDX-License-Identifier: MIT */
/*
 * The laboratory: puppets (child processes that do one piece of work after another, as told) and what an experiment
 * concludes. An experiment is a script over puppets: "send", "send", "kill it", "receive". Every wait ends by an
 * event: the work is done, the puppet is dead, or the kernel says that it is asleep in its call; a deadline is the
 * last resort.
 */
#ifndef CORE_TECHNIQUES_PROBES_LAB_H
#define CORE_TECHNIQUES_PROBES_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/str.h"
#include "core/techniques/probes/link.h"

enum {
	LAB_PUPPETS = 24,
	LAB_LOG = 8192,
	LAB_BUFFER = 1 << 20,
	LAB_SIGNAL = 14, /* SIGALRM interrupts; it is no technique's own */
};

/* Results of a piece of work besides bytes (>= 0) and -errno (> -4096). */
enum { WORK_BLOCKED = -5000, WORK_DIED = -5001, WORK_LATE = -5002 };

struct puppet {
	/* Protocol; futex words. */
	_Atomic uint32_t told, begun, done;
	int64_t (*work)(struct puppet *me);
	int64_t result;
	pid_t pid;
	bool alive;
	int status; /* of waitid, when it is dead */
	int proc; /* its number in /proc as mounted here */
	_Atomic uint32_t n_handled, n_sigpipe;
	/* Orders and findings; the experiment's to use. */
	struct lab *lab;
	struct end end;
	size_t size; /* bytes of a message, room of a receive */
	uint64_t id; /* of the first message to send; of the message received */
	uint64_t count; /* how many */
	unsigned flags, class, connection;
	bool truncated, intact;
	pid_t said_pid;
	int said_code;
	uint64_t number; /* free */
	_Atomic uint64_t n_moved, n_bytes; /* what a long piece of work has done so far */
};

struct lab {
	const struct link *link;
	const char *guarantee;
	char directory[80];
	bool made_directory, made;
	struct place place;
	struct puppet puppets[LAB_PUPPETS];
	unsigned n_puppets;
	bool framed; /* one receive is one message here; valid after lab_framed() */
	_Atomic uint32_t taken; /* messages that receivers have taken: futex word for windows */
	_Atomic uint32_t stop;
	_Atomic uint32_t n_log;
	uint64_t log[LAB_LOG]; /* ids in the order received */
	char value[64];
	char evidence[640];
};

/* Shared memory for a lab; NULL with errno. Makes nothing else. */
struct lab *lab_new(const struct link *link, const char *guarantee, const char *directory);
/* Kills every puppet, removes every object and the directory. */
void lab_clear(struct lab *lab);
/* Calls link->make with fresh names. After lab_clear it may be called again: a new trial. 0 or -errno. */
int lab_make(struct lab *lab);

/* Concludes; the last call counts. value is a word of the matrix. Both return true, so that a caller can return it. */
bool lab_say(struct lab *lab, const char *value, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool lab_unknown(struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A new process that waits for work; NULL if fork failed. Dies with the lab. */
struct puppet *puppet_new(struct lab *lab);
/* Tells it what to do and comes back at once. */
void puppet_tell(struct puppet *p, int64_t (*work)(struct puppet *me));
/* Waits until the work is done (its result), it is asleep in it, dead or late (WORK_BLOCKED, WORK_DIED, WORK_LATE). */
int64_t puppet_wait(struct puppet *p);
/* As puppet_wait, but only looks whether it is asleep right now; for steering, never for a verdict. */
int64_t puppet_wait_asleep(struct puppet *p);
int64_t puppet_do(struct puppet *p, int64_t (*work)(struct puppet *me)); /* tell and wait */
void puppet_kill(struct puppet *p); /* SIGKILL, and reaps */
int puppet_exit(struct puppet *p); /* exit(0) in the puppet, and reaps; kills if it is not idle */
/* Sends LAB_SIGNAL and waits until its handler has run. 0, or WORK_* */
int puppet_interrupt(struct puppet *p);

/* Pieces of work. */
int64_t work_receiver(struct puppet *me);
int64_t work_sender(struct puppet *me);
int64_t work_accept(struct puppet *me);
int64_t work_close(struct puppet *me); /* every descriptor and map of its end */
int64_t work_send(struct puppet *me); /* one message: size, id, flags, class */
int64_t work_receive(struct puppet *me); /* one call: size, flags; fills id, intact, truncated */
int64_t work_restart_on(struct puppet *me); /* LAB_SIGNAL's handler gets SA_RESTART */

/* The same, with the orders written out. */
int64_t send_one(struct puppet *p, uint64_t id, size_t size, unsigned flags);
int64_t receive_one(struct puppet *p, size_t size, unsigned flags);

/* A message is an id in 8 bytes and then bytes that follow from it. n < 8: as much of it as fits. */
void message_fill(void *bytes, size_t n, uint64_t id);
bool message_intact(const void *bytes, size_t n, uint64_t *id);

/*
 * lab_make, a receiver, a sender and (where there is one) the connection between them.
 * 0, or -1 with the lab's value "unknown" and the reason.
 */
int pair_open(struct lab *lab, struct puppet **sender, struct puppet **receiver);
/* Another sender of an open pair, connected. NULL with the lab's reason. */
struct puppet *pair_add_sender(struct lab *lab, struct puppet *receiver);

/* Closes the experimenter's own copies of inherited ends, so that the last holder's death is an end. */
void lab_let_go(struct lab *lab);
/* Was n, returned by a receive, a message (not end of file, not an error)? */
bool is_message(const struct link *link, int64_t n);
/*
 * Measures, with a pair of its own, whether three messages sent before the first receive come out as three.
 * sizes[] is what the receives gave, sums what they added up to. 0, or -1 with the lab's reason.
 */
int lab_framed(struct lab *lab, int64_t sizes[4], uint64_t *sum);

/* The size that suits a small message of this link: 64, or less where less is all it can say. */
size_t link_small(const struct link *link);
/* "EAGAIN" for -EAGAIN, "blocked" for WORK_BLOCKED, "64" for 64; static text, valid for 8 calls. */
const char *result_name(int64_t result);

/* futex(2) on a word in shared memory; wait at most timeout_ns. */
void futex_sleep(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns);
void futex_wake_all(_Atomic uint32_t *word);
int64_t clock_ns(void);

#endif
