/* SPDX-License-Identifier: MIT */
/*
 * IPC itself: every reference implementation beside the minimal loop of its technique (loops.h says what that does),
 * both processes on one CPU and free, beside what the machine can do at all; servers of many clients by select, poll
 * and epoll. All variants take turns within a round; a ratio is the median of those of the rounds.
 *
 *   bench-ipc [ROUNDS] [TECHNIQUE…]	with names: only these, and neither servers nor launches
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/fans.h"
#include "tests/bench/loops.h"

enum { SMALL = 64, MIDDLE = 4096, LARGE = 65536, READY_MS = 5000, RING_BYTES = 1 << 28 };

static char *text_make(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_make(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		bench_die("out of memory");
	va_end(args);
	return text;
}

static const char *size_text(size_t size)
{
	return size == SMALL ? "64 B" : size == MIDDLE ? "4 KiB" : "64 KiB";
}

static void limits_round(void)
{
	static char from[LARGE], to[LARGE];
	static const char group[] = "what the machine can do";
	enum { CALLS = 200000, COPIES = 20000 };
	uint64_t start = now_ns();

	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	row_add(row_of(group, "a bare system call (getppid)", "ns", NULL), (double)(now_ns() - start) / CALLS);
	start = now_ns();
	for (int i = 0; i < COPIES; i++) {
		memcpy(to, from, sizeof to);
		__asm__ volatile("" : : "r"(to) : "memory");
	}
	row_add(row_of(group, "memcpy of 64 KiB blocks", "GB/s", NULL),
		(double)COPIES * LARGE / (double)(now_ns() - start));
}

/* What one run of a reference implementation is told. */
struct reference_run {
	const char *technique, *pattern;
	const char *design;	/* NULL: the technique's default */
	bool forks;
	size_t size;
	unsigned long messages;
};

static unsigned next_id(void)
{
	static unsigned id;

	return ++id;
}

/* Waits until the server has said "ready". */
static bool is_ready(int fd)
{
	char text[256];
	struct pollfd watched = { .fd = fd, .events = POLLIN };

	if (poll(&watched, 1, READY_MS) != 1)
		return false;
	return read(fd, text, sizeof text) > 0;
}

/*
 * Seconds from the start of the client to its end, the server being ready; of a technique whose server is the driver,
 * of the server. Negative: it failed.
 */
static double reference_time(const struct reference_run *run)
{
	const char *program = build_path("sabot-ref"), *directory = scratch_path(".");
	char *messages = text_make("%lu", run->messages), *size = text_make("%zu", run->size);
	char *id = text_make("bench%d%c%u", (int)getpid(), 'x', next_id());
	char *key = text_make("%d", (int)(getpid() % 60000) * 1000 + (int)next_id());
	char *port = text_make("%d", 20000 + (int)((unsigned)getpid() * 7 + next_id()) % 12000);
	const char *argv[] = { program, run->technique, "server", "--dir", directory, "--id", id, "--key", key,
		"--port", port, "--pattern", run->pattern, "--messages", messages, "--size", size, "--window", "32",
		run->design ? "--design" : NULL, run->design, NULL };
	int ends[2], status = -1;
	double seconds = -1;
	pid_t server, client;

	if (!strcmp(run->pattern, "echo"))
		argv[18] = "1";
	if (pipe2(ends, O_CLOEXEC))
		bench_die("no pipe");

	uint64_t start = now_ns();

	server = program_start(argv, NULL, 0, ends[1]);
	close(ends[1]);
	if (server && is_ready(ends[0])) {
		argv[2] = "client";
		start = now_ns();
		/* Where the clients are the server's own children, there is nothing to start; it ends by itself. */
		client = run->forks ? server : program_start(argv, NULL, 0, -1);
		status = client ? program_wait(client) : -1;
		seconds = (double)(now_ns() - start) / 1e9;
		if (run->forks)
			server = 0;
	}
	if (server) {
		kill(server, SIGTERM);
		program_wait(server);
	}
	close(ends[0]);
	free(messages), free(size), free(id), free(key), free(port);
	return status == 0 ? seconds : -1;
}

/* Seconds of one message: a long run less a short one, so that starting is not counted. */
static double reference_message(const struct reference_run *what, unsigned long n)
{
	struct reference_run run = *what;
	double small, large;

	run.messages = n / 10;
	small = reference_time(&run);
	run.messages = n;
	large = small < 0 ? -1 : reference_time(&run);
	return large <= small ? -1 : (large - small) / (double)(n - n / 10);
}

static unsigned long messages_for(size_t size, bool free_cpus)
{
	unsigned long n = size == SMALL ? 16000 : size == MIDDLE ? 8000 : 2000;

	return free_cpus ? n / 4 : n;
}

static void result_add(const char *group, const char *name, const char *unit, const char *base, double value,
	const char *why)
{
	struct row *row = row_of(group, name, unit, base);

	if (value > 0)
		row_add(row, value);
	else
		row->note = why;
}

/* Each technique as it is by default, and the designs that differ in how a message moves. */
static const struct {
	const char *technique, *design;
} variants[] = { { NULL, NULL }, { "posix-shm", "mutex" }, { "posix-shm", "ring" } };
static const size_t n_variants = sizeof variants / sizeof *variants;

/* One group of the table. */
struct group {
	const char *title, *unit;
	size_t size;
	bool one_way, free_cpus;
};

/* The loop of a technique; over memory a message one way is so quick that it takes more of them to time it. */
static double loop_value(const struct loop *loop, const struct group *g, int bare)
{
	unsigned long n = messages_for(g->size, g->free_cpus), quick = !strcmp(loop->name, "posix-shm") ? 20 : 2;

	return g->one_way ? loop_one_way(loop, g->size, n * quick, bare) : loop_round_trip(loop, g->size, n, bare);
}

static double reference_value(const struct loop *loop, const char *design, const struct group *g)
{
	const struct reference_run run = { .technique = loop->name, .pattern = g->one_way ? "one-way" : "echo",
		.design = design, .forks = loop->forks, .size = g->size };
	unsigned long quick = g->one_way && design && !strcmp(design, "ring") ? 20 : 1;
	double seconds = reference_message(&run, messages_for(g->size, g->free_cpus) * quick);

	return seconds <= 0 ? -1 : g->one_way ? 1 / seconds : seconds * 1e6;
}

/* How many times as many messages as through the stream socket, measured in the same round. */
static void ring_row(const struct group *g, const char *ring, double rate, const char *stream)
{
	const struct row *base = row_of(g->title, stream, g->unit, NULL);
	const char *group = text_make("shared-memory ring over unix-stream, %s, %s", size_text(g->size),
		g->free_cpus ? "free" : "one CPU");

	if (rate > 0 && base->n_samples)
		row_add(row_of(group, text_make("%s / %s", ring, stream), "x", NULL),
			rate / base->samples[base->n_samples - 1]);
}

/* One technique at one size: the bare loop, the loop, and the reference implementation in its designs. */
static void technique_round(const struct loop *loop, const struct group *g)
{
	const char *bare = text_make("%s, bare", loop->name), *base = text_make("%s, loop", loop->name);
	double value;

	if (loop->largest && g->size > loop->largest) {
		result_add(g->title, base, g->unit, base, -1, "larger than a message may be");
		return;
	}
	if (!loop->fixed)
		result_add(g->title, bare, g->unit, base, loop_value(loop, g, 1), "the bare loop failed");
	result_add(g->title, base, g->unit, base, loop_value(loop, g, 0), "the loop failed");
	for (size_t v = 0; v < n_variants; v++) {
		const char *design = variants[v].design;
		const char *name = text_make("%s, sabot-ref%s%s", loop->name, design ? " " : "", design ? design : "");

		if (variants[v].technique && strcmp(variants[v].technique, loop->name))
			continue;
		value = reference_value(loop, design, g);
		result_add(g->title, name, g->unit, base, value, "no such run of sabot-ref");
		if (g->one_way && design && !strcmp(design, "ring"))
			ring_row(g, "sabot-ref ring", value, "unix-stream, sabot-ref");
	}
	if (g->one_way && !strcmp(loop->name, "posix-shm")) {
		value = shipped_ring_rate(g->size, RING_BYTES / g->size);
		result_add(g->title, "posix-shm, shm_ring.h as it is shipped", g->unit, "posix-shm, bare", value,
			"the ring failed");
		ring_row(g, "shm_ring.h", value, "unix-stream, bare");
	}
}

/* Techniques that were asked for by name; none: all. */
static char **wanted;

static bool is_wanted(const char *technique)
{
	for (size_t i = 0; wanted && wanted[i]; i++)
		if (!strcmp(wanted[i], technique))
			return true;
	return !wanted || !*wanted;
}

static void techniques_round(bool free_cpus)
{
	static const size_t sizes[] = { SMALL, MIDDLE, LARGE };

	for (size_t i = 0; i < 3 * 2 * n_loops; i++) {
		const struct loop *loop = &loops[i % n_loops];
		struct group g = { .size = sizes[i / n_loops / 2], .one_way = i / n_loops % 2, .free_cpus = free_cpus };

		if (!is_wanted(loop->name) || (loop->fixed && g.size != SMALL) ||
			(g.one_way ? loop->coalesces : g.size == LARGE))
			continue;
		g.unit = g.one_way ? "msg/s" : "us";
		g.title = text_make("%s, %s, %s", g.one_way ? "one way" : "round trip",
			loop->fixed ? text_make("%zu B", loop->fixed) : size_text(g.size),
			free_cpus ? "free" : "one CPU");
		technique_round(loop, &g);
	}
}

/* How many of a hundred launches of each reference implementation fail. */
static void launches_count(void)
{
	for (size_t i = 0; i < n_loops; i++) {
		struct reference_run run = {
			.technique = loops[i].name, .pattern = "echo", .forks = loops[i].forks,
			.size = SMALL, .messages = 10,
		};
		int n_failed = 0;

		for (int launch = 0; launch < 100; launch++)
			n_failed += reference_time(&run) < 0;
		row_add(row_of("failed launches of 100, ten messages", loops[i].name, "", NULL), n_failed);
	}
}

static void fans_round(bool free_cpus)
{
	static const size_t clients[] = { 1, 64, 512 };

	for (size_t c = 0; c < 3; c++) {
		for (int all = 0; all < (c ? 2 : 1); all++) {
			const char *group = text_make("a server of %zu clients, %s active, %s", clients[c],
				all ? "all" : "one", free_cpus ? "free" : "one CPU");

			for (size_t d = 0; fan_designs[d]; d++)
				result_add(group, fan_designs[d], "req/s", "select",
					fan_rate(d, clients[c], all ? clients[c] : 1, 10000), "failed");
		}
	}
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;

	if (!rounds || rounds > BENCH_ROUNDS)
		bench_die("usage: bench-ipc [ROUNDS] [TECHNIQUE...], up to %d rounds", BENCH_ROUNDS);
	wanted = argc > 2 ? argv + 2 : NULL;
	signal(SIGPIPE, SIG_IGN);
	for (unsigned round = 0; round < rounds; round++) {
		for (int free_cpus = 0; free_cpus < 2; free_cpus++) {
			cpu_pin(free_cpus ? -1 : cpu_nth(0));
			if (!free_cpus)
				limits_round();
			techniques_round(free_cpus);
			if (!wanted)
				fans_round(free_cpus);
		}
		fprintf(stderr, "round %u of %u\n", round + 1, rounds);
	}
	if (!wanted)
		launches_count();
	table_print("ipc");
	return 0;
}
