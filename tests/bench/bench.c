/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct row rows[BENCH_ROWS];
static size_t n_rows;

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(3);
}

struct row *row_of(const char *group, const char *name, const char *unit, const char *base)
{
	for (size_t i = 0; i < n_rows; i++)
		if (!strcmp(rows[i].group, group) && !strcmp(rows[i].name, name))
			return &rows[i];
	if (n_rows == BENCH_ROWS)
		bench_die("more than %d rows", BENCH_ROWS);
	rows[n_rows] = (struct row){ .group = group, .name = name, .unit = unit, .base = base };
	return &rows[n_rows++];
}

void row_add(struct row *row, double sample)
{
	if (row->n_samples < BENCH_ROUNDS)
		row->samples[row->n_samples++] = sample;
}

static int doubles_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double row_median(const struct row *row)
{
	double sorted[BENCH_ROUNDS];
	size_t n = row->n_samples;

	if (!n)
		return 0;
	memcpy(sorted, row->samples, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, doubles_compare);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static const struct row *row_base(const struct row *row)
{
	for (size_t i = 0; row->base && i < n_rows; i++)
		if (!strcmp(rows[i].group, row->group) && !strcmp(rows[i].name, row->base) && rows[i].n_samples)
			return &rows[i];
	return NULL;
}

/*
 * The ratio to the base, and the smallest and the greatest of the rounds. Where both have a sample of every round, it
 * is the median of the ratios of the rounds: what disturbs a whole round disturbs both.
 */
struct ratio {
	double median, least, most;
};

static struct ratio ratio_of(const struct row *row, const struct row *base)
{
	struct row rounds = { .n_samples = 0 };
	struct ratio r;

	if (row->n_samples != base->n_samples) {
		r.median = row_median(row) / row_median(base);
		return (struct ratio){ r.median, r.median, r.median };
	}
	for (size_t i = 0; i < row->n_samples; i++)
		row_add(&rounds, row->samples[i] / base->samples[i]);
	r = (struct ratio){ row_median(&rounds), rounds.samples[0], rounds.samples[0] };
	for (size_t i = 1; i < rounds.n_samples; i++) {
		r.least = rounds.samples[i] < r.least ? rounds.samples[i] : r.least;
		r.most = rounds.samples[i] > r.most ? rounds.samples[i] : r.most;
	}
	return r;
}

static void row_print(const struct row *row)
{
	const struct row *base = row_base(row);

	if (!row->n_samples) {
		printf("  %-44s %14s  %s\n", row->name, "-", row->note ? row->note : "not measured");
		return;
	}
	printf("  %-44s %14.1f %-6s", row->name, row_median(row), row->unit);
	if (base && base != row) {
		struct ratio r = ratio_of(row, base);

		printf(" %7.2f x", r.median);
		if (row->n_samples > 1)
			printf("   %.2f ... %.2f", r.least, r.most);
	}
	putchar('\n');
}

static void row_json(const struct row *row)
{
	const struct row *base = row_base(row);

	printf("{\"group\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\",\"rounds\":%zu", row->group, row->name, row->unit,
		row->n_samples);
	if (row->n_samples)
		printf(",\"median\":%.3f", row_median(row));
	else
		printf(",\"median\":null,\"note\":\"%s\"", row->note ? row->note : "not measured");
	if (base && row->n_samples) {
		struct ratio r = ratio_of(row, base);

		printf(",\"base\":\"%s\",\"ratio\":%.4f,\"ratio_least\":%.4f,\"ratio_most\":%.4f", row->base, r.median,
			r.least, r.most);
	}
	putchar('}');
}

/* Is it the first of its group? */
static int row_is_first(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(rows[k].group, rows[i].group))
			return 0;
	return 1;
}

void table_print(const char *bench)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (row_is_first(i))
			printf("%s%s\n", i ? "\n" : "", rows[i].group);
		for (size_t k = i; row_is_first(i) && k < n_rows; k++)
			if (!strcmp(rows[k].group, rows[i].group))
				row_print(&rows[k]);
	}
	printf("\n{\"sabot\":1,\"bench\":\"%s\",\"rows\":[", bench);
	for (size_t i = 0; i < n_rows; i++) {
		if (i)
			putchar(',');
		row_json(&rows[i]);
	}
	puts("]}");
	fflush(stdout);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const cpu_set_t *cpus_given(void)
{
	static cpu_set_t given;
	static int known;

	if (!known && sched_getaffinity(0, sizeof given, &given) < 0)
		bench_die("sched_getaffinity: %s", strerror(errno));
	known = 1;
	return &given;
}

int cpu_nth(unsigned k)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, cpus_given()) && !k--)
			return cpu;
	return -1;
}

void cpu_pin(int cpu)
{
	cpu_set_t set = *cpus_given();

	if (cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
	}
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		bench_die("sched_setaffinity: %s", strerror(errno));
}

pid_t program_start(const char *const argv[], const char *const env[], size_t n_env, int out)
{
	posix_spawn_file_actions_t actions;
	const char *all[512];
	size_t n = 0;
	pid_t pid;

	while (environ[n] && n < 480) {
		all[n] = environ[n];
		n++;
	}
	for (size_t i = 0; i < n_env; i++)
		all[n++] = env[i];
	all[n] = NULL;

	posix_spawn_file_actions_init(&actions);
	if (out < 0)
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, (char *const *)all))
		pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

int program_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_die("waitpid: %s", strerror(errno));
	return status;
}

double program_number(const char *const argv[], const char *const env[], size_t n_env)
{
	char text[256];
	size_t length = 0;
	double number = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		bench_die("pipe: %s", strerror(errno));
	pid = program_start(argv, env, n_env, ends[1]);
	close(ends[1]);
	while (pid && length < sizeof text - 1) {
		ssize_t n = read(ends[0], text + length, sizeof text - 1 - length);

		if (n <= 0)
			break;
		length += (size_t)n;
	}
	close(ends[0]);
	if (pid && program_wait(pid) == 0) {
		text[length] = '\0';
		number = strtod(text, NULL);
	}
	return number;
}

static char *path_join(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		bench_die("out of memory");
	return path;
}

const char *build_path(const char *name)
{
	return path_join(BENCH_BUILD, name);
}

static char scratch[64];

static void scratch_remove(void)
{
	DIR *directory = opendir(scratch);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		char *path = path_join(scratch, entry->d_name);

		unlink(path);
		free(path);
	}
	if (directory)
		closedir(directory);
	rmdir(scratch);
}

const char *scratch_path(const char *name)
{
	static pid_t owner;

	if (!owner) {
		snprintf(scratch, sizeof scratch, "/dev/shm/ipc-bench-XXXXXX");
		if (!mkdtemp(scratch))
			bench_die("mkdtemp: %s", strerror(errno));
		owner = getpid();
		atexit(scratch_remove);
	}
	return path_join(scratch, name);
}

int file_usable(const char *path)
{
	return access(path, R_OK) == 0;
}

const char *pair_scenario(void)
{
	static const char *path;
	FILE *file;

	if (path)
		return path;
	/* Not beside the arena: a box has a /dev/shm of its own. */
	path = build_path("bench/pair.yaml");
	file = fopen(path, "we");
	if (!file)
		bench_die("cannot write %s", path);
	fprintf(file, "sabot: 1\ntitle: ten messages\nroles:\n"
		      "  server: {run: [\"%s\", \"${TMP}/s\"], ready: listen, stop: TERM}\n"
		      "  client: {run: [\"%s\", \"${TMP}/s\"], driver: true, after: server}\n",
		build_path("bench/target_server"), build_path("bench/target_client"));
	fclose(file);
	return path;
}
