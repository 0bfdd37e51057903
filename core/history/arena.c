/* SPDX-License-Identifier: MIT */
#include "core/history/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "core/base/str.h"
#include "core/sys/processor.h"
#include "core/base/banned.h"

#define NS_PER_S 1000000000u

#if defined(__x86_64__)
enum { CPUID_TSC = 0x15, CALIBRATE_NS = 5000000 };

static uint64_t ticks_per_s;
static pthread_once_t ticks_known = PTHREAD_ONCE_INIT;

static uint64_t raw_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* The processor's own word for it; 0 where it gives none (many virtual machines). */
static uint64_t hz_from_cpuid(void)
{
	unsigned denominator = 0, numerator = 0, crystal_hz = 0, unused = 0;

	if (__get_cpuid_max(0, NULL) < CPUID_TSC)
		return 0;
	__cpuid(CPUID_TSC, denominator, numerator, crystal_hz, unused);
	if (!denominator || !numerator || !crystal_hz)
		return 0;
	return (uint64_t)crystal_hz * numerator / denominator;
}

/* Reads both clocks together: the pair with the least time between its two clock readings is the truest of a few. */
static void clocks_read(uint64_t *ns, uint64_t *ticks)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t before = raw_ns();
		uint64_t now = tick_now();
		uint64_t after = raw_ns();

		if (after - before < best) {
			best = after - before;
			*ns = before + (after - before) / 2;
			*ticks = now;
		}
	}
}

static void hz_measure(void)
{
	uint64_t ns0 = 0, ns1 = 0, t0 = 0, t1 = 0;

	ticks_per_s = hz_from_cpuid();
	if (ticks_per_s)
		return;
	clocks_read(&ns0, &t0);
	while (raw_ns() - ns0 < CALIBRATE_NS)
		;
	clocks_read(&ns1, &t1);
	ticks_per_s = (uint64_t)((double)(t1 - t0) * NS_PER_S / (double)(ns1 - ns0));
	if (!ticks_per_s)
		ticks_per_s = NS_PER_S;
}

static uint64_t tick_hz(void)
{
	pthread_once(&ticks_known, hz_measure);
	return ticks_per_s;
}
#else
static uint64_t tick_hz(void)
{
	return NS_PER_S;
}
#endif

static uint64_t size_of(uint32_t n_chunks)
{
	return offsetof(struct arena, chunks) + (uint64_t)n_chunks * sizeof(struct chunk);
}

static int map_fd(int fd, uint64_t size, struct arena **out)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

static int file_make(int fd, uint64_t size)
{
	/* fchmod: the umask must not keep out a role that changes its user */
	if (fchmod(fd, 0666) || ftruncate(fd, (off_t)size))
		return -errno;
	return 0;
}

int arena_new(const char *path, uint32_t n_chunks, struct arena **out)
{
	uint64_t size = size_of(n_chunks);
	struct arena *a = NULL;
	int fd, r;

	if (!n_chunks || n_chunks > ARENA_CHUNKS)
		return -EINVAL;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -errno;
	r = file_make(fd, size);
	if (!r)
		r = map_fd(fd, size, &a);
	close(fd);
	if (r) {
		unlink(path);
		return r;
	}
	a->magic = ARENA_MAGIC;
	a->version = ARENA_VERSION;
	a->size = size;
	a->n_chunks = n_chunks;
	a->generation = 1;
	a->time_scale = 1;
	a->harness_pid = getpid();
	a->returns_forgotten = processor_forgets_returns();
	a->tick_hz = tick_hz();
	a->tick_base = tick_now();
	text_copy(a->path, sizeof(a->path), path);
	*out = a;
	return 0;
}

struct arena *arena_free(struct arena *a)
{
	if (a)
		munmap(a, a->size);
	return NULL;
}

static bool header_fits(const struct arena *a, uint64_t size)
{
	return a->magic == ARENA_MAGIC && a->version == ARENA_VERSION && a->size == size &&
		a->n_chunks && a->n_chunks <= ARENA_CHUNKS && size_of(a->n_chunks) == size &&
		a->generation;
}

int arena_map(const char *path, struct arena **out)
{
	struct stat st;
	struct arena *a = NULL;
	int fd = open(path, O_RDWR | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		r = -errno;
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size < size_of(1) ||
		 (uint64_t)st.st_size > size_of(ARENA_CHUNKS))
		r = -EPROTO;
	else
		r = map_fd(fd, (uint64_t)st.st_size, &a);
	close(fd);
	if (r)
		return r;
	if (!header_fits(a, (uint64_t)st.st_size)) {
		munmap(a, (size_t)st.st_size);
		return -EPROTO;
	}
	*out = a;
	return 0;
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
	return n < limit ? n : limit;
}

void arena_keep_programs(struct arena *a)
{
	a->kept_images = a->n_images;
	a->kept_modules = at_most(a->n_modules, ARENA_MODULES);
}

void arena_reset(struct arena *a)
{
	uint32_t n_chunks = at_most(a->next_chunk, at_most(a->n_chunks, ARENA_CHUNKS));
	uint32_t generation = a->generation + 1;

	/* the events stay where they are: no seal fits the new generation */
	atomic_store(&a->generation, generation ? generation : 1);
	for (uint32_t i = 0; i < n_chunks; i++) {
		a->chunks[i].used = 0;
		a->chunks[i].proc = 0;
		a->chunks[i].next = 0;
	}
	memset(a->procs, 0, at_most(a->n_procs, ARENA_PROCS) * sizeof(a->procs[0]));
	memset(a->objects, 0, at_most(a->n_objects, ARENA_OBJECTS) * sizeof(a->objects[0]));
	memset(a->threads, 0, arena_n_threads(a) * sizeof(a->threads[0]));
	for (int i = 0; i < ARENA_ROLES; i++)
		atomic_store(&a->roles[i].ready, 0);
	for (uint32_t i = a->kept_modules; i < at_most(a->n_modules, ARENA_MODULES); i++)
		a->modules[i].state = 0;
	a->n_modules = a->kept_modules;
	a->n_images = a->kept_images;
	a->n_procs = 0;
	a->n_objects = 0;
	a->n_threads = 0;
	a->next_chunk = 0;
	a->lost = 0;
	a->stop = 0;
	a->tick_base = tick_now();
}
