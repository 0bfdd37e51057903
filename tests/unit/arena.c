/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/history/arena.h"
#include "tests/support/arena_writer.h"
#include "core/base/banned.h"

static char directory[] = "/tmp/sabot-test-XXXXXX";
static char *path;

static void place_make(void)
{
	cr_assert(mkdtemp(directory));
	path = mem_printf("%s/arena", directory);
}

static void place_remove(void)
{
	unlink(path);
	rmdir(directory);
	free(path);
}

TestSuite(arena, .init = place_make, .fini = place_remove);

Test(arena, is_mapped_by_two_and_shared)
{
	struct arena *a, *b;
	struct stat st;

	cr_assert_eq(arena_new(path, 3, &a), 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0666, "a role of another user maps it too");
	cr_expect_eq((uint64_t)st.st_size, a->size);
	cr_expect_str_eq(a->path, path);
	cr_assert_eq(arena_map(path, &b), 0);
	a->chunks[2].events[CHUNK_EVENTS - 1].result = 77;
	cr_expect_eq(b->chunks[2].events[CHUNK_EVENTS - 1].result, 77);
	cr_expect_eq(b->generation, 1);
	cr_expect_null(arena_free(a));
	cr_expect_null(arena_free(b));
	cr_expect_null(arena_free(NULL));
}

Test(arena, refuses_senseless_sizes_and_files_that_exist)
{
	struct arena *a = NULL;

	cr_expect_eq(arena_new(path, 0, &a), -EINVAL);
	cr_expect_eq(arena_new(path, ARENA_CHUNKS + 1, &a), -EINVAL);
	cr_assert_eq(arena_new(path, 1, &a), 0);
	a = arena_free(a);
	cr_expect_eq(arena_new(path, 1, &a), -EEXIST);
	cr_expect_eq(arena_new("/no/such/directory/arena", 1, &a), -ENOENT);
}

static void file_fill(size_t n, char with)
{
	FILE *f = fopen(path, "we");

	cr_assert(f);
	for (size_t i = 0; i < n; i++)
		fputc(with, f);
	fclose(f);
}

Test(arena, is_told_from_other_files)
{
	struct arena *a = NULL;

	cr_expect_eq(arena_map(path, &a), -ENOENT);
	file_fill(0, 0);
	cr_expect_eq(arena_map(path, &a), -EPROTO);
	file_fill(4000, 'x');
	cr_expect_eq(arena_map(path, &a), -EPROTO);
	unlink(path);
	cr_assert_eq(arena_new(path, 1, &a), 0);
	a->version++;
	a = arena_free(a);
	cr_expect_eq(arena_map(path, &a), -EPROTO);
	cr_assert_eq(truncate(path, (off_t)(sizeof(struct arena) + sizeof(struct chunk) + 4096)), 0);
	cr_expect_eq(arena_map(path, &a), -EPROTO);
	cr_expect_eq(arena_map(directory, &a), -EISDIR);
}

Test(arena, reset_forgets_the_run_and_keeps_the_roles)
{
	struct arena *a = arena_for_test(4);
	struct event e = { .kind = EV_EXIT };
	uint32_t p = arena_proc(a, "server", 0), before = a->generation;

	arena_object(a, OBJ_PIPE, p, 0, "x");
	for (int i = 0; i < CHUNK_EVENTS + 1; i++)
		arena_event_add(a, p, &e);
	text_copy(a->roles[0].name, ROLE_NAME, "server");
	a->roles[0].ready = 1;
	a->roles[0].command = 9;
	a->threads[5].tid = 3;
	a->n_threads = 6;
	a->n_images = 2;
	a->n_modules = 3;
	arena_keep_programs(a);
	a->n_images = 5;
	a->n_modules = ARENA_MODULES + 1;
	a->modules[2].state = a->modules[3].state = 1;
	a->lost = 4;
	arena_reset(a);
	cr_expect_neq(a->generation, before);
	cr_expect(!a->n_procs && !a->n_objects && !a->next_chunk && !a->lost && !a->n_threads && !a->threads[5].tid);
	cr_expect(!a->procs[0].first_chunk && !a->procs[0].name[0] && !a->objects[0].state);
	cr_expect(!a->chunks[0].used && !a->chunks[0].next && !a->chunks[1].used);
	cr_expect_str_eq(a->roles[0].name, "server");
	cr_expect(!a->roles[0].ready && a->roles[0].command == 9);
	cr_expect(a->n_images == 2 && a->n_modules == 3 && a->modules[2].state && !a->modules[3].state,
		"programs of a run end with it, zygotes do not");
	a->generation = UINT32_MAX;
	arena_reset(a);
	cr_expect_eq(a->generation, 1, "0 would be the seal of an event that was never written");
	arena_free(a);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Both clocks at one instant: the readings between which the least time went by, since one may be preempted. */
static void both_now(uint64_t *ns, uint64_t *ticks)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 100; i++) {
		uint64_t before = now_ns(), tick = tick_now(), after = now_ns();

		if (after - before >= least)
			continue;
		least = after - before;
		*ns = before + least / 2;
		*ticks = tick;
	}
}

Test(arena, ticks_have_the_rate_that_it_says)
{
	struct arena *a = arena_for_test(1);
	uint64_t t0, n0, t1, n1;
	double measured, told = (double)a->tick_hz;

	both_now(&n0, &t0);
	do
		both_now(&n1, &t1);
	while (n1 - n0 < 50000000);
	measured = (double)(t1 - t0) / (double)(n1 - n0) * 1e9;
	cr_expect(measured > told * 0.95 && measured < told * 1.05, "%.0f ticks a second, not %.0f", measured, told);
	cr_expect(a->tick_base <= t0);
	arena_free(a);
}
