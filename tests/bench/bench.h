/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: pinning, timing, starting programs, medians, and one table of results that is printed
 * for people and as one line of JSON. A benchmark never judges: it prints what it measured and ends with 0.
 * Every function ends the program with a sentence when it cannot do its work. One thread.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_ROWS = 800, BENCH_ROUNDS = 64 };

/* One line of the table: the samples of all rounds, of which the median counts. */
struct row {
	const char *group, *name, *unit;	/* literals, or kept by the caller */
	const char *base;	/* name of the row of the same group that this one is told relative to; NULL none */
	double samples[BENCH_ROUNDS];
	size_t n_samples;
	const char *note;	/* why there are no samples; NULL */
};

void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The row of this group and name; made at its first mention. Valid until the end of the program. */
struct row *row_of(const char *group, const char *name, const char *unit, const char *base);
void row_add(struct row *row, double sample);
/* Median of the samples; 0 when there are none. */
double row_median(const struct row *row);
/* The table on stdout, then everything as one line of JSON with `bench` as its name. */
void table_print(const char *bench);

uint64_t now_ns(void);
/* Puts this process, and the children that it starts from now on, on one CPU; -1: on all that it had at the start. */
void cpu_pin(int cpu);
/* The k-th CPU (from 0) that this process was given at the start, or -1 if there are not so many. */
int cpu_nth(unsigned k);

/*
 * Starts argv with the environment of this process plus n_env assignments ("A=b"). stdout goes to `out` (a descriptor;
 * -1: /dev/null). Returns the pid; 0 if the program could not be started.
 */
pid_t program_start(const char *const argv[], const char *const env[], size_t n_env, int out);
/* Waits for it; returns the wait status. */
int program_wait(pid_t pid);
/* Runs it to its end and reads one number from its stdout. A negative number if it failed. */
double program_number(const char *const argv[], const char *const env[], size_t n_env);

/* A path in the build directory, and one in a private directory that is removed at the end. Kept until the end. */
const char *build_path(const char *name);
const char *scratch_path(const char *name);
/* A scenario of target_server and target_client, which exchange ten messages; written at the first call. */
const char *pair_scenario(void);
/* Is there such a program or library? */
int file_usable(const char *path);

#endif
