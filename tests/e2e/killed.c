/* SPDX-License-Identifier: MIT */
/* Sabot ends before its time: by Ctrl-C, or by SIGKILL at any instant. Nothing of it may be left. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/rng.h"
#include "tests/support/sabot_run.h"
#include "core/base/banned.h"

/* Roles that make all there is to be left, and a mark that tells them from everybody else's. */
static const char scenario[] =
	"sabot: 1\ntitle: everything at once\nroles:\n"
	"  main:\n    run: [$SABOT_PROGRAMS/target, leave, \"${TMP}\", \"${ID}\"]\n    driver: true\n    env: {MARK: "
	"\"%s\"}\n"
	"  other:\n    run: [$SABOT_PROGRAMS/target, stuck]\n    driver: true\n    env: {MARK: \"%s\"}\n"
	"repeat: 1000\nexpect: {no-leftovers: violated, no-hang: violated, clean-exit: violated}\n";

static char *directory_with_mark(void)
{
	char text[2048], *directory = test_directory();

	snprintf(text, sizeof(text), scenario, directory, directory);
	test_file(directory, "one.yaml", text);
	return directory;
}

static bool file_has(const char *path, const char *mark)
{
	static char text[1 << 16];
	size_t n;
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	n = fread(text, 1, sizeof(text), file);
	fclose(file);
	return memmem(text, n, mark, strlen(mark)) != NULL;
}

/* Processes with the mark in their environment, or in it as their arena's directory; but not this one. */
static unsigned processes_with(const char *mark)
{
	unsigned n = 0;
	DIR *dir = opendir("/proc");

	for (struct dirent *e; (e = readdir(dir));) {
		char path[300];

		if (strtol(e->d_name, NULL, 10) <= 1)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		n += file_has(path, mark);
	}
	closedir(dir);
	return n;
}

static void wait_ms(int ms)
{
	poll(NULL, 0, ms);
}

/*
 * What lies there now under a name of ours has to go, 20 s at most: what belongs to tests beside this one goes when
 * they end.
 */
static void assert_names_go(const char *path)
{
	DIR *dir = opendir(path);

	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct stat st;

		size_t n = strlen(e->d_name);

		/*
		 * A box's directory and arena are sabot-XXXXXX, its roles' objects sabot123x-left; others have
		 * others.
		 */
		if (strncmp(e->d_name, "sabot", 5) || (n != 12 && (n < 5 || strcmp(e->d_name + n - 5, "-left"))))
			continue;
		for (int i = 0; i < 2000 && !fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW); i++)
			wait_ms(10);
		cr_assert(fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW), "%s/%s is left", path, e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* Waits, 10 s at most, until nothing with the mark is alive. */
static void assert_gone(const char *mark)
{
	for (int i = 0; i < 1000; i++) {
		if (!processes_with(mark))
			return;
		wait_ms(10);
	}
	cr_assert_fail("%u processes are left", processes_with(mark));
}

/* Waits, 10 s at most, until a role runs. */
static void wait_for_roles(const char *mark)
{
	for (int i = 0; i < 1000; i++) {
		if (processes_with(mark))
			return;
		wait_ms(10);
	}
	cr_assert_fail("no role ever ran");
}

static void interrupted_by(int number)
{
	char *directory = directory_with_mark();
	pid_t pid = sabot_start(directory, (const char *[]){ "run", "one.yaml", NULL });

	wait_for_roles(directory);
	kill(pid, number);
	cr_assert_eq(sabot_end(pid), 3);
	assert_gone(directory);
	test_directory_remove(directory);
}

Test(killed, by_ctrl_c)
{
	interrupted_by(SIGINT);
}

Test(killed, by_sigterm)
{
	interrupted_by(SIGTERM);
}

/* At random instants, from before the box exists to the middle of a run. */
static void killed_often(unsigned times, uint64_t seed)
{
	char *directory = directory_with_mark();

	for (unsigned i = 0; i < times; i++) {
		uint64_t us = rng_next(&seed) % 60000;
		struct timespec instant = { .tv_nsec = (long)(us * 1000) };
		pid_t pid = sabot_start(directory, (const char *[]){ "run", "one.yaml", NULL });

		/* Not to order anything: the instant is to be any. */
		nanosleep(&instant, NULL);
		kill(pid, SIGKILL);
		cr_assert_eq(sabot_end(pid), 128 + SIGKILL);
	}
	assert_gone(directory);
	assert_names_go("/tmp");
	assert_names_go("/dev/shm");
	assert_names_go("/dev/mqueue");	/* where it is mounted */
	test_directory_remove(directory);
}

/* More of them by hand: SABOT_KILLS=200. */
static unsigned times_or(unsigned usual)
{
	const char *more = getenv("SABOT_KILLS");

	return more ? (unsigned)strtoul(more, NULL, 10) : usual;
}

Test(killed, by_sigkill_at_any_instant, .timeout = 120)
{
	killed_often(times_or(40), 1);
}

Test(killed, by_sigkill_without_namespaces, .timeout = 120)
{
	setenv("SABOT_NO_NAMESPACES", "1", 1);
	killed_often(times_or(20), 2);
}

/* System V objects of a mode that nobody else in this test suite uses. */
static unsigned sysv_with(unsigned mode)
{
	static const char *const lists[] = { "/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm" };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		char line[512];
		FILE *file = fopen(lists[i], "re");
		int key, id;
		unsigned perms;

		while (file && fgets(line, sizeof(line), file))
			n += sscanf(line, "%d %d %o", &key, &id, &perms) == 3 && perms == mode;
		if (file)
			fclose(file);
	}
	return n;
}

static unsigned names_beginning(const char *path, const char *with)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	for (struct dirent *e; dir && (e = readdir(dir));)
		n += strstr(e->d_name, with) != NULL;
	if (dir)
		closedir(dir);
	return n;
}

static unsigned clutter_left(unsigned mode, const char *mark)
{
	return sysv_with(mode) + names_beginning("/dev/shm", mark);
}

/*
 * The role makes objects all the time, under names that are not ${ID}'s: killed between making one and noting it, it
 * would leave it for ever.
 */
Test(killed, in_the_instant_of_making, .timeout = 120)
{
	static const char text[] =
		"sabot: 1\nroles:\n  main:\n    run: [$SABOT_PROGRAMS/target, clutter, \"%o\", %s-%u]\n"
		"    driver: true\nrepeat: 1000\nexpect: {no-leftovers: violated}\n";
	char *directory = test_directory(), scenario_text[1024], mark[32];
	uint64_t seed = (uint64_t)getpid();
	unsigned mode = 0601 + (unsigned)(rng_next(&seed) % 63), before = sysv_with(mode), left = 0;

	setenv("SABOT_NO_NAMESPACES", "1", 1);
	snprintf(mark, sizeof(mark), "clutter%d", (int)getpid());
	for (unsigned i = 0; i < times_or(20); i++) {
		struct timespec instant = { .tv_nsec = (long)(rng_next(&seed) % 60000000) };
		pid_t pid;

		/* Other names each time: the keeper of the last one may still be cleaning when the next begins. */
		snprintf(scenario_text, sizeof(scenario_text), text, mode, mark, i);
		test_file(directory, "one.yaml", scenario_text);
		pid = sabot_start(directory, (const char *[]){ "run", "one.yaml", NULL });
		nanosleep(&instant, NULL);
		kill(pid, SIGKILL);
		cr_assert_eq(sabot_end(pid), 128 + SIGKILL);
	}
	for (int i = 0; i < 2000 && (left = clutter_left(mode, mark)) > before; i++)
		wait_ms(10);
	cr_assert_eq(left, before, "%u objects of mode %o or named %s are left", left - before, mode, mark);
	test_directory_remove(directory);
}
