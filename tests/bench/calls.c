/* SPDX-License-Identifier: MIT */
/*
 * What the injector costs: one recorded call beside the raw one, beside libfiu's own preload and `strace -f`; the
 * start of a program with and without it; a scenario of two roles beside posix_spawn of the same two programs.
 *
 *   bench-calls [ROUNDS]
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/history/arena.h"
#include "core/sys/namespaces.h"
#include "tests/bench/bench.h"

#define FIU_PRELOAD "/usr/lib/fiu/fiu_run_preload.so /usr/lib/fiu/fiu_posix_preload.so"

enum { STARTS = 100, PAIRS = 100, CHUNKS = 640 };

static const char *const kinds[] = { "eagain", "pipe", "unix-stream" };
static const char *const kind_titles[] = {
	"read of an empty non-blocking pipe (EAGAIN)",
	"pipe: write and read of 64 bytes",
	"unix stream: write and read of 64 bytes",
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* An arena with one role in it, as the runner would make it, and the environment that leads a program to it. */
struct recording {
	struct arena *arena;
	const char *env[3];
};

static void arena_name_role(struct arena *a, const char *program)
{
	a->n_roles = 1;
	snprintf(a->roles[0].name, sizeof a->roles[0].name, "bench");
	snprintf(a->library, sizeof a->library, "%s", build_path("libsabot.so"));
	snprintf(a->roles[0].path, sizeof a->roles[0].path, "%s", program);
	snprintf(a->roles[0].executable, sizeof a->roles[0].executable, "%s", program);
}

static const char *arenas;

static void arenas_remove(void)
{
	umount2(arenas, MNT_DETACH);
	rmdir(arenas);
}

/* Arenas lie in a file system like that of a box: in huge pages, where this process may make one. */
static const char *arena_path(const char *name)
{
	struct str notes = STR_NONE;
	char *path;

	if (!arenas) {
		arenas = scratch_path("arenas");
		if (mkdir(arenas, 0755))
			bench_die("cannot make %s", arenas);
		atexit(arenas_remove);
		if (geteuid() == 0 && namespaces_enter(NAMESPACES_MOUNT, &notes) & NAMESPACES_MOUNT)
			namespaces_mount("tmpfs", arenas, "mode=0755,huge=within_size");
		str_fini(&notes);
	}
	if (asprintf(&path, "%s/%s", arenas, name) < 0)
		bench_die("out of memory");
	return path;
}

static void recording_new(struct recording *r, const char *name, const char *program)
{
	const char *path = arena_path(name);
	char *text;

	unlink(path);
	if (arena_new(path, CHUNKS, &r->arena) < 0)
		bench_die("cannot make the arena %s", path);
	arena_name_role(r->arena, program);
	if (asprintf(&text, "LD_PRELOAD=%s", build_path("libsabot.so")) < 0)
		bench_die("out of memory");
	r->env[0] = text;
	if (asprintf(&text, ARENA_ENV "=%s", path) < 0)
		bench_die("out of memory");
	r->env[1] = text;
	r->env[2] = ROLE_ENV "=0";
}

static bool recording_is_whole(const struct recording *r)
{
	return atomic_load(&r->arena->next_chunk) > 0 && atomic_load(&r->arena->lost) == 0;
}

static void call_sabot(unsigned kind, const char *name, struct recording *r, bool keep)
{
	const char *argv[] = { build_path("bench/target_calls"), kinds[kind], "200000", NULL };
	struct row *row = row_of(kind_titles[kind], name, "ns", "raw");
	double ns = program_number(argv, r->env, 3);

	if (ns < 0)
		row->note = "the program failed under the injector";
	else if (!recording_is_whole(r))
		row->note = "the history is not whole";
	else if (keep)
		row_add(row, ns);
}

static void call_other(unsigned kind, const char *name, const char *const env[], size_t n_env, bool traced)
{
	const char *argv[] = { "strace", "-f", "-o", "/dev/null", build_path("bench/target_calls"), kinds[kind],
		traced ? "4000" : "200000", traced ? "wall" : NULL, NULL };
	struct row *row = row_of(kind_titles[kind], name, "ns", "raw");
	double ns = program_number(traced ? argv : argv + 4, env, n_env);

	if (ns < 0)
		row->note = "not installed";
	else
		row_add(row, ns);
}

static void calls_round(unsigned round)
{
	static const char *const fiu[] = { "LD_PRELOAD=" FIU_PRELOAD };
	static struct recording resident;
	const char *program = build_path("bench/target_calls");
	struct recording fresh;

	if (!resident.arena)
		recording_new(&resident, "resident", program);
	for (unsigned kind = 0; kind < N_KINDS; kind++) {
		call_other(kind, "raw", NULL, 0, false);
		arena_reset(resident.arena);
		arena_name_role(resident.arena, program);
		/* The first round is what makes its pages resident. */
		call_sabot(kind, "sabot, recorded", &resident, round > 0);
		if (file_usable("/usr/lib/fiu/fiu_posix_preload.so"))
			call_other(kind, "libfiu posix preload, nothing recorded", fiu, 1, false);
		recording_new(&fresh, "fresh", program);
		call_sabot(kind, "sabot, recorded, into fresh pages", &fresh, true);
		fresh.arena = arena_free(fresh.arena);
		call_other(kind, "strace -f", NULL, 0, true);
	}
}

/* What was added to the raw call, round by round. */
static void added_tell(const char *group, const char *of, const char *name, const char *base)
{
	struct row *raw = row_of(group, "raw", "ns", "raw"), *row = row_of(group, of, "ns", "raw");
	double middle = row_median(raw);

	if (!row->n_samples)
		return;
	struct row *added = row_of(group, name, "ns", base);

	for (size_t i = 0; i < row->n_samples; i++)
		row_add(added, row->samples[i] - middle);
}

static double starts_time(const char *const argv[], const char *const env[], size_t n_env, struct recording *r)
{
	uint64_t spent = 0;

	for (int i = 0; i < STARTS; i++) {
		if (r) {
			arena_reset(r->arena);
			arena_name_role(r->arena, argv[0]);
		}
		uint64_t start = now_ns();
		pid_t pid = program_start(argv, env, n_env, -1);

		if (!pid || program_wait(pid))
			return -1;
		spent += now_ns() - start;
	}
	return (double)spent / STARTS / 1000;
}

static void starts_round(void)
{
	static const char *const fiu[] = { "LD_PRELOAD=" FIU_PRELOAD };
	static const char group[] = "start and end of a small dynamic program";
	static struct recording recording;
	const char *argv[] = { build_path("bench/target_nothing"), NULL };
	double us;

	if (!recording.arena)
		recording_new(&recording, "starts", argv[0]);
	row_add(row_of(group, "plain", "us", "plain"), starts_time(argv, NULL, 0, NULL));
	us = starts_time(argv, recording.env, 3, &recording);
	if (us > 0)
		row_add(row_of(group, "with libsabot.so", "us", "plain"), us);
	if (file_usable("/usr/lib/fiu/fiu_posix_preload.so"))
		row_add(row_of(group, "with libfiu's preload", "us", "plain"), starts_time(argv, fiu, 1, NULL));
}

static double pairs_spawned(void)
{
	const char *socket = scratch_path("pair");
	const char *server[] = { build_path("bench/target_server"), socket, NULL };
	const char *client[] = { build_path("bench/target_client"), socket, NULL };
	uint64_t start = now_ns();

	for (int i = 0; i < PAIRS; i++) {
		pid_t a = program_start(server, NULL, 0, -1), b = program_start(client, NULL, 0, -1);

		if (!a || !b || program_wait(b) || program_wait(a))
			return -1;
	}
	return (double)(now_ns() - start) / PAIRS / 1000;
}

static double scenario_time(const char *repeat)
{
	const char *argv[] = { build_path("sabot"), "run", pair_scenario(), "--repeat", repeat, "-j", "1", "-q",
		NULL };
	uint64_t start = now_ns();
	pid_t pid = program_start(argv, NULL, 0, -1);
	int status = pid ? program_wait(pid) : -1;

	return status ? -1 : (double)(now_ns() - start) / 1000;
}

static void pairs_round(void)
{
	static const char group[] = "a client and a server, ten messages over a unix stream socket";
	double spawned = pairs_spawned(), one = scenario_time("1"), many = scenario_time("101");
	struct row *row = row_of(group, "posix_spawn of both", "us", "posix_spawn of both");

	if (spawned > 0)
		row_add(row, spawned);
	row = row_of(group, "sabot run, each further repetition", "us", "posix_spawn of both");
	if (one > 0 && many > one)
		row_add(row, (many - one) / 100);
	else
		row->note = "sabot run failed";
	row = row_of(group, "sabot run, once, from start to exit", "us", "posix_spawn of both");
	if (one > 0)
		row_add(row, one);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 7;

	if (rounds < 2 || rounds > BENCH_ROUNDS)
		bench_die("usage: bench-calls [ROUNDS], from 2 to %d", BENCH_ROUNDS);
	cpu_pin(cpu_nth(0));
	for (unsigned round = 0; round < rounds; round++) {
		calls_round(round);
		starts_round();
		pairs_round();
	}
	for (unsigned kind = 0; kind < N_KINDS; kind++) {
		const char *libfiu = "added by libfiu's preload";

		added_tell(kind_titles[kind], "libfiu posix preload, nothing recorded", libfiu, libfiu);
		added_tell(kind_titles[kind], "sabot, recorded", "added by sabot", libfiu);
	}
	table_print("calls");
	return 0;
}
