/* SPDX-License-Identifier: MIT */
/*
 * One line on stderr that says how far the work is: only if stderr is a terminal, and only once the work has taken
 * more than a second. Whatever is printed in between calls progress_clear() first. Main thread only, but for
 * progress_clear_in_signal().
 */
#ifndef CORE_CLI_PROGRESS_H
#define CORE_CLI_PROGRESS_H

/* Starts the clock. quiet != 0: never show anything. The line is removed at exit() too. */
void progress_begin(int quiet);
/* Shows text (one line, cut to the terminal's width) in place of the last one; at most ten times a second. */
void progress_update(const char *text);
/* Removes the line, if there is one. */
void progress_clear(void);
/* The same from a signal handler: async-signal-safe, keeps errno. */
void progress_clear_in_signal(void);

#endif
