/* SPDX-License-Identifier: MIT */
/*
 * no-corruption and atomic-write. Two writers share one end and write records of one letter each; the reader takes
 * small bites, so that the room is used up most of the time: that is where records are torn.
 */
#include "core/techniques/probes/experiments.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/techniques/probes/memory.h"
#include "core/base/banned.h"

enum { BITE = 1000, BYTES_A_SIZE = 1 << 20, MOST_RECORDS = 1000 };

#define N(x) ((unsigned long long)(x))

static const int64_t begin_ns = 5000000000; /* the writer needs a processor, no more */
static unsigned char buffer[LAB_BUFFER];

/* --- records through a link ----------------------------------------------------------------------------------- */

static int64_t write_records(struct puppet *me, int letter)
{
	bool adds = me->lab->link->traits & LINK_ADDS;
	uint64_t number = letter == 'A' ? 1 : (uint64_t)1 << 32;

	memset(buffer, letter, me->size);
	if (adds)
		memcpy(buffer, &number, sizeof(number));
	for (uint64_t i = 0; i < me->count; i++) {
		struct parcel p = { .bytes = buffer, .n = me->size };
		ssize_t n = me->end.link->send(&me->end, &p);

		if (n < 0)
			return n;
		if ((size_t)n != me->size)
			return -EPIPE;
	}
	return 0;
}

/* The second writer is a child, so that both write to the very same connection. */
static int64_t work_two_writers(struct puppet *me)
{
	pid_t parent = getpid(), child = fork();
	int64_t result;
	int status;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		_exit(write_records(me, 'B') ? 1 : 0);
	}
	if (child < 0)
		return -errno;
	result = write_records(me, 'A');
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status))
		return result ? result : -EIO;
	return result;
}

/* Counts the runs of one letter that are no multiple of a record, in me->number. Ends when all bytes are there. */
static int64_t work_read_records(struct puppet *me)
{
	uint64_t total = 2 * me->count * me->size, run = 0, want = me->size;
	bool adds = me->lab->link->traits & LINK_ADDS, framed = me->lab->framed;
	size_t bite = want / 8 > BITE ? want / 8 : BITE;
	uint64_t sum = 0, goal = me->count + (me->count << 32);
	int letter = 0;

	while (adds ? sum < goal : atomic_load(&me->n_bytes) < total) {
		struct parcel p = {
			.bytes = buffer, .n = framed || adds ? LAB_BUFFER : bite, .flags = PARCEL_ANY_CLASS
		};
		ssize_t n = me->end.link->receive(&me->end, &p);
		uint64_t number;

		if (n <= 0)
			return n;
		atomic_fetch_add(&me->n_bytes, (uint64_t)n);
		memcpy(&number, buffer, sizeof(number));
		sum += number;
		if (adds)
			continue;
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] != letter || (framed && i == 0)) {
				me->number += run % want != 0;
				run = 0;
				letter = buffer[i];
			}
			run++;
		}
	}
	me->number += run % want != 0;
	return adds && sum != goal ? -EBADMSG : 0;
}

/* Torn places among records of that size; -1: reason in the lab; -2: messages of that size do not exist here. */
static int64_t torn_records(struct lab *lab, size_t size)
{
	struct puppet *s, *r;

	if (pair_open(lab, &s, &r))
		return -1;
	s->size = r->size = size;
	s->count = r->count = BYTES_A_SIZE / size < MOST_RECORDS ? BYTES_A_SIZE / size + 16 : MOST_RECORDS;
	r->number = 0;
	puppet_tell(r, work_read_records);
	puppet_do(s, work_two_writers);
	for (uint64_t before = ~(uint64_t)0; puppet_wait(r) == WORK_BLOCKED && before != atomic_load(&r->n_bytes);) {
		before = atomic_load(&r->n_bytes);
		puppet_wait(s);
	}
	if (s->result == -EMSGSIZE || s->result == -EINVAL) {
		lab_clear(lab);
		return -2;
	}
	if (atomic_load(&r->done) != atomic_load(&r->told) || r->result || s->result) {
		bool some = lab->framed && atomic_load(&r->n_bytes) > 0; /* a technique may lose what overflows */
		int64_t torn = (int64_t)r->number;

		lab_unknown(lab, "records of %zu bytes: writers %s, reader %s", size, result_name(s->result),
			result_name(r->result));
		if (!some || s->result)
			return -1;
		lab_clear(lab);
		return torn;
	}
	lab_clear(lab);
	return (int64_t)r->number;
}

/* --- bare memory ---------------------------------------------------------------------------------------------- */

static volatile uint64_t *bare(struct puppet *me)
{
	return (volatile uint64_t *)((char *)me->end.map + MEMORY_BARE);
}

/* All words of the record alternate between zeros and ones, until told to stop. */
static int64_t work_flap(struct puppet *me)
{
	size_t words = me->size / 8;
	uint64_t value = 0;

	while (!atomic_load_explicit(&me->lab->stop, memory_order_relaxed)) {
		value = ~value;
		for (size_t i = 0; i < words; i++)
			bare(me)[i] = value;
		atomic_fetch_add_explicit(&me->n_moved, 1, memory_order_relaxed);
	}
	return 0;
}

static int64_t work_look_for_tears(struct puppet *me)
{
	size_t words = me->size / 8;

	for (uint64_t i = 0; i < me->count; i++) {
		uint64_t first = bare(me)[0];
		bool torn = first != 0 && first != ~(uint64_t)0;

		for (size_t w = 1; w < words; w++)
			torn |= bare(me)[w] != first;
		me->number += torn;
		atomic_fetch_add_explicit(&me->n_bytes, 1, memory_order_relaxed);
		if (me->number >= 100)
			break;
	}
	return 0;
}

/* Looks at a record of `size` bytes while it is being written: how many looks saw it half old, half new. */
static int64_t torn_memory(struct lab *lab, size_t size, uint64_t looks, uint64_t *looked)
{
	struct puppet *s, *r;
	cpu_set_t every;
	int64_t result;

	/* Both at the same instant, whatever processor this was started on: that is where words are torn, if ever. */
	memset(&every, 0xff, sizeof(every));
	sched_setaffinity(0, sizeof(every), &every);
	if (pair_open(lab, &s, &r))
		return -1;
	s->size = r->size = size;
	r->count = looks;
	r->number = 0;
	puppet_tell(s, work_flap);
	for (int64_t end_ns = clock_ns() + begin_ns; atomic_load(&s->n_moved) == 0 && clock_ns() < end_ns;)
		sched_yield();
	result = puppet_do(r, work_look_for_tears);
	atomic_store(&lab->stop, 1);
	puppet_wait(s);
	*looked = atomic_load(&r->n_bytes);
	result = result ? -1 : (int64_t)r->number;
	if (result < 0)
		lab_unknown(lab, "the reader: %s", result_name(r->result));
	lab_clear(lab);
	return result;
}

enum { LOOKS_TO_TEAR = 4000000, LOOKS_TO_TRUST = 8000000 };

static bool atomic_memory(struct lab *lab)
{
	static const size_t records[] = { 16, 64, 512, 4096 };
	uint64_t looked_word, looked = 0;
	int64_t word = torn_memory(lab, 8, LOOKS_TO_TRUST, &looked_word), more = 0;
	size_t size = 0;

	if (word < 0)
		return false;
	if (word > 0)
		return lab_say(
			lab, "not-guaranteed", "an aligned word of 8 bytes was torn %lld times", (long long)word);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]) && more == 0; i++) {
		size = records[i];
		more = torn_memory(lab, size, LOOKS_TO_TEAR / (size / 16), &looked);
	}
	if (more < 0)
		return false;
	if (more == 0)
		return lab_unknown(lab, "no tear seen, not even in %llu looks at %zu bytes", N(looked), size);
	return lab_say(lab, "aligned-8-bytes",
		"an aligned store of 8 bytes: 0 of %llu looks torn; a record of %zu bytes in such "
		"stores: %lld of %llu looks torn",
		N(looked_word), size, (long long)more, N(looked));
}

/* --- the two guarantees --------------------------------------------------------------------------------------- */

bool measure_no_corruption(struct lab *lab)
{
	static const size_t sizes[] = { 64, 1000, 4000 };
	uint64_t arrived = 0, looked, sum;
	int64_t framed[4];

	if (lab->link->traits & LINK_MEMORY) {
		int64_t torn = torn_memory(lab, 4096, LOOKS_TO_TEAR / 16, &looked);

		return torn < 0 ? false
				: lab_say(lab, torn ? "torn-without-lock" : "unknown",
					  "a record of 4096 bytes, read while it was written without a lock: %lld of "
					  "%llu looks torn",
					  (long long)torn, N(looked));
	}
	if (lab_framed(lab, framed, &sum))
		return false;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct traffic t = { .size = sizes[i] < lab->link->bytes ? sizes[i] : lab->link->bytes, .n = 500 };

		t.window = lab->link->traits & LINK_ADDS ? 1 : 4;
		if (i > 0 && sizes[i] > lab->link->bytes)
			break;
		if (traffic_run(lab, &t))
			return false;
		if (t.corrupt)
			return lab_say(lab, "unknown", "%llu of %llu messages of %zu bytes were damaged", N(t.corrupt),
				N(t.received), t.size);
		arrived += t.received;
	}
	return lab_say(lab, arrived ? "yes" : "unknown",
		"%llu messages of up to %zu bytes, every byte of all that arrived as sent", N(arrived),
		lab->link->bytes < 4000 ? lab->link->bytes : (size_t)4000);
}

bool measure_atomic_write(struct lab *lab)
{
	static const size_t sizes[] = { 8, 64, 512, PIPE_BUF, PIPE_BUF + 1, PIPE_BUF + 1905, 16384, 65000, 300000,
		LAB_BUFFER };
	size_t whole = 0, torn = 0;
	int64_t framed[4], n = 0;
	const char *source;
	uint64_t sum;

	if (lab->link->traits & LINK_MEMORY)
		return atomic_memory(lab);
	if (lab_framed(lab, framed, &sum))
		return false;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !torn && sizes[i] <= lab->link->bytes; i++) {
		n = torn_records(lab, sizes[i]);
		if (n == -1)
			return false;
		if (n == -2)
			break;
		if (n > 0)
			torn = sizes[i];
		else
			whole = sizes[i];
	}
	if (!torn && !lab->framed && !(lab->link->traits & LINK_ADDS))
		return lab_unknown(lab, "no record torn up to %zu bytes", whole);
	if (!torn)
		return lab_say(
			lab, "whole-message", "two writers, records of 8 to %zu bytes: none mixed with another", whole);
	if (whole == PIPE_BUF && documentation_promises(lab->link, "atomic-write", &source)) {
		char word[32];

		snprintf(word, sizeof(word), "PIPE_BUF=%zu", whole);
		return lab_say(lab, word,
			"two writers: no record of up to %zu bytes torn, %lld torn places at %zu bytes", whole,
			(long long)n, torn);
	}
	return lab_say(lab, "not-guaranteed",
		"two writers: %lld torn places in records of %zu bytes (none seen up to %zu, but "
		"nothing promises that)",
		(long long)n, torn, whole);
}
