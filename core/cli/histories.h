/* SPDX-License-Identifier: MIT */
/* The histories that `sabot run --keep DIR` left: DIR/SCENARIO/history.sabot. */
#ifndef CORE_CLI_HISTORIES_H
#define CORE_CLI_HISTORIES_H

#include <stddef.h>

#define HISTORY_FILE "history.sabot"

struct history_file {
	char *path;
	char *name; /* of the scenario: the directory that it lies in */
};

struct history_files {
	struct history_file *items;
	size_t n;
};

/*
 * Appends what `path` stands for: a file is itself, a directory all history files below it in the order of strcmp().
 * 0, 1 if there is no such file or no history below the directory, or -errno.
 */
int histories_find(const char *path, struct history_files *files);
/* Twice is fine, and on {0}. */
void histories_fini(struct history_files *files);

#endif
