/* SPDX-License-Identifier: MIT */
/*
 * The recorder survives SIGKILL at any instruction: writers that keep to the protocol are killed at random instants;
 * whatever is read afterwards is whole, in order, and misses at most the one event that each thread was writing.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "core/base/str.h"
#include "core/history/history.h"
#include "tests/support/arena_writer.h"
#include "core/base/banned.h"

enum { KILLS = 1000, THREADS = 3, CHUNKS = 8, MOST_EVENTS = 3 * CHUNK_EVENTS };

/* What the writers say of themselves, after each event. */
struct told {
	_Atomic uint64_t sealed[THREADS];
};

struct job {
	struct arena *a;
	struct told *told;
	uint32_t proc, thread;
};

/* The fields of an event fit each other only if all of them are of the same event. */
static uint64_t sum_of(const struct event *e)
{
	return rng_mix(e->stamp ^ rng_mix(e->site) ^ (uint64_t)e->result << 7 ^ (uint64_t)e->asked << 32 ^ e->tid ^
		(uint64_t)(uint32_t)e->fd << 11);
}

/* So that most kills find the writer between claiming and sealing. */
static void linger(void)
{
	for (volatile int i = 0; i < 200; i++)
		;
}

static void *write_on(void *data)
{
	const struct job *j = data;

	for (int64_t i = 0;; i++) {
		struct event *e = arena_event_new(j->a, j->proc);

		if (!e)
			return NULL;
		e->stamp = tick_now();
		linger();
		e->site = rng_mix((uint64_t)i);
		e->result = i;
		e->asked = (uint32_t)i * 3;
		e->fd = (int32_t)i;
		e->tid = j->thread + 1;
		e->kind = EV_SENT;
		e->flags = 0;
		e->error = 0;
		e->hash = sum_of(e);
		linger();
		arena_event_seal(j->a, e);
		atomic_store(&j->told->sealed[j->thread], (uint64_t)i + 1);
	}
}

/* In the child: never returns. It ends with its parent, whatever becomes of that. */
static void writer_run(struct arena *a, struct told *told, uint32_t proc, uint32_t n_threads)
{
	struct job jobs[THREADS];
	pthread_t threads[THREADS];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint32_t i = 0; i < n_threads; i++) {
		jobs[i] = (struct job){ a, told, proc, i };
		if (i && pthread_create(&threads[i], NULL, write_on, &jobs[i]))
			_exit(9);
	}
	write_on(&jobs[0]);
	for (;;)
		pause();	/* the arena is full: wait for the end */
}

static void history_is_whole(const struct history *h, const struct told *told, uint32_t n_threads)
{
	uint64_t seen[THREADS] = { 0 };

	for (size_t i = 0; i < h->n_events; i++) {
		const struct event *e = &h->events[i].e;

		cr_assert(e->tid >= 1 && e->tid <= n_threads);
		cr_assert_eq(e->hash, sum_of(e), "event %zu is torn", i);
		cr_assert_eq(e->result, (int64_t)seen[e->tid - 1]++, "an event of thread %u is missing", e->tid);
	}
	for (uint32_t i = 0; i < n_threads; i++)
		cr_assert(seen[i] >= told->sealed[i], "thread %u sealed %llu events, %llu are there", i,
			(unsigned long long)told->sealed[i], (unsigned long long)seen[i]);
	cr_assert(h->procs[0].torn <= n_threads, "%u events in flight of %u threads", h->procs[0].torn, n_threads);
}

/* Waits until the writer has got so far, or has no more room, and some random instants more. */
static void wait_for_events(const struct arena *a, const struct told *told, uint64_t n, uint64_t spins)
{
	while (atomic_load(&told->sealed[0]) < n && !atomic_load(&a->lost))
		sched_yield();
	for (volatile uint64_t i = 0; i < spins; i++)
		;
}

static void kill_one(struct arena *a, struct told *told, uint32_t n_threads, uint64_t *seed)
{
	uint64_t n = rng_next(seed) % (rng_next(seed) % 8 ? 64 : MOST_EVENTS);
	struct history h;
	uint32_t proc;
	pid_t pid;

	arena_reset(a);
	memset(told, 0, sizeof(*told));
	proc = arena_proc(a, "writer", 0);
	pid = fork();
	cr_assert(pid >= 0);
	if (!pid)
		writer_run(a, told, proc, n_threads);
	wait_for_events(a, told, n, rng_next(seed) % 2000);
	/* while it is alive, nothing torn is seen either */
	if (n % 4 == 0) {
		struct told none = { .sealed = { 0 } };

		cr_assert_eq(history_read(a, &h), 0);
		h.procs[0].torn = 0;
		if (n_threads == 1)
			history_is_whole(&h, &none, n_threads);
		history_fini(&h);
	}
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_assert_eq(history_read(a, &h), 0);
	history_is_whole(&h, told, n_threads);
	history_fini(&h);
}

static void kill_many(uint32_t n_threads, int n)
{
	struct arena *a = arena_for_test(CHUNKS);
	struct told *told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t seed = 42 + n_threads;

	cr_assert(told != MAP_FAILED);
	for (int i = 0; i < n; i++)
		kill_one(a, told, n_threads, &seed);
	munmap(told, sizeof(*told));
	arena_free(a);
}

Test(recorder, survives_sigkill_at_random_instants)
{
	kill_many(1, KILLS);
}

Test(recorder, survives_sigkill_with_several_threads)
{
	kill_many(THREADS, KILLS / 4);
}
