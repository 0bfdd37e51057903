/* SPDX-License-Identifier: MIT */
/* One experiment a guarantee: measure_X(lab) concludes with lab_say() or lab_unknown(). */
#ifndef CORE_TECHNIQUES_PROBES_EXPERIMENTS_H
#define CORE_TECHNIQUES_PROBES_EXPERIMENTS_H

#include "core/techniques/probes/lab.h"

#define GUARANTEE(symbol, name, group, question, values) bool measure_##symbol(struct lab *lab);
#include "core/techniques/probes/guarantees.def"
#undef GUARANTEE

/* Why the question makes no sense for this technique; NULL: it does. About questions only, never about answers. */
const char *question_senseless(const struct link *link, const char *guarantee);

/* Does the documentation promise what was measured as "yes"? *source: where it does, or where it refuses. */
bool documentation_promises(const struct link *link, const char *guarantee, const char **source);

/* --- traffic.c: messages from senders to a receiver that keeps up -------------------------------------------- */

struct traffic {
	/* Wishes. */
	size_t size;
	uint64_t n; /* messages */
	uint32_t window; /* at most so many sent and not yet taken; UINT32_MAX: no window */
	/* Findings. */
	uint64_t sent, received, duplicates, overtakings, corrupt, sum;
	uint32_t interruptions;
	int64_t sender_end, receiver_end; /* results of the work */
};

/* How many small messages (at most `most`) fit while nobody reads, with none lost; at least 1. -1: the lab's reason. */
int traffic_room(struct lab *lab, unsigned most);
/* lab_framed() must have been called. 0, or -1 with the lab's reason. */
int traffic_run(struct lab *lab, struct traffic *t);
/* The same with a signal into every receive that waits; `sender`: into every send that waits for room. */
int traffic_interrupted(struct lab *lab, struct traffic *t, bool sender);

/* In which order messages of several classes come out that went in falling, or rising: measured with fresh pairs. */
enum class_order { CLASSES_NONE, CLASSES_AS_SENT, CLASSES_HIGHEST_FIRST, CLASSES_LOWEST_FIRST, CLASSES_MIXED };
/* two: the messages come from two processes. -1: the lab's reason. `order` gets the classes as received. */
int class_order_measure(struct lab *lab, bool two, char *order, size_t size);

/* --- fill.c: what happens when nobody reads -------------------------------------------------------------------- */

struct fill {
	size_t size; /* of a message */
	uint64_t id; /* 0: messages are numbered; else all carry this */
	unsigned flags;
	uint64_t most;
	/* Findings. */
	uint64_t sent, bytes_sent, received, bytes_received, first, last;
	uint64_t held; /* messages sent before anybody read */
	uint64_t sum_sent, sum_received; /* of the ids, modulo 2^64 */
	bool partial; /* a send moved less than asked */
	int64_t end; /* what the last send gave */
};

/* Sends until that ends or blocks, then drains. 0, or -1 with the lab's reason. */
int fill_run(struct lab *lab, struct fill *f);

/* Largest message that arrives whole: by bisection. -1: the lab's reason; 0: no bound up to LAB_BUFFER. */
int64_t largest_message(struct lab *lab);

/* Descriptor over which data really passes; -1 none. In the puppet. */
int end_fd(const struct end *e);

#endif
