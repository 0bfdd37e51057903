/* SPDX-License-Identifier: MIT */
/*
 * What all programs of the table service share: words to the user, the clock, signals, and the one way to wait. Not
 * thread-safe; every program has one thread.
 */
#ifndef SCENARIOS_CAPSTONE_COMMON_H
#define SCENARIOS_CAPSTONE_COMMON_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NS_PER_MS = 1000000 };

/*
 * Writes one line "PROGRAM: TEXT" to stderr, or TEXT to stdout. Not through stdio, which forgets what it was writing when
 * a signal interrupts it. say() returns 1, so that `return say(…)` ends a program; say_errno() adds what errno means.
 */
int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int say_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* CLOCK_MONOTONIC, in ns. */
int64_t now_ns(void);

/*
 * SIGTERM asks the program to stop; it is blocked except while wait_for() waits, so that it is never missed between a
 * look at stop_asked() and the wait. SIGUSR1 only wakes: its handler has no SA_RESTART, so every call that blocks may
 * return EINTR, and all of them are made again. SIGPIPE is ignored.
 */
void signals_prepare(const char *program);
bool stop_asked(void);

/*
 * ppoll() of n descriptors, until until_ns of now_ns() (negative: for ever). True if some are ready; false if the time
 * is over or a signal came, and then no revents is set. Callers look at the clock and at stop_asked() themselves.
 */
bool wait_for(struct pollfd *fds, nfds_t n, int64_t until_ns);

/* close() and -1: the caller assigns it. Not made again after EINTR: on Linux the descriptor is gone all the same. */
int fd_close(int fd);

#endif
