/* SPDX-License-Identifier: MIT */
/* Running the program `sabot` from a test, and looking at what it said. */
#ifndef TESTS_SUPPORT_SABOT_RUN_H
#define TESTS_SUPPORT_SABOT_RUN_H

#include <stdbool.h>
#include <sys/types.h>

struct sabot_run {
	int code; /* exit status; 128 + signal if it was killed */
	char *out, *err; /* what it printed; owned */
};

/*
 * Runs $SABOT with these arguments (NULL-terminated, without the program) in the directory (NULL: here) and waits for
 * it. `before`: words to put before it, such as setpriv and its options; NULL none. Fails the test if it cannot.
 */
struct sabot_run sabot_run(const char *directory, const char *const *before, const char *const *args);
void sabot_run_fini(struct sabot_run *r);
/* Only starts it, with its output thrown away. Its pid. */
pid_t sabot_start(const char *directory, const char *const *args);
/* Waits until the process is gone, 30 s at most. Its exit status, 128 + signal, or -1. */
int sabot_end(pid_t pid);

/* A new directory in /tmp, readable by all; the caller gives it to test_directory_remove(). */
char *test_directory(void);
void test_directory_remove(char *path);
/* Writes a file of the directory; $SABOT_PROGRAMS in the text stands for its value. */
void test_file(const char *directory, const char *name, const char *text);
/* Path of a program of tests/programs, owned by the caller. */
char *test_program(const char *name);

#endif
