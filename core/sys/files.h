/* SPDX-License-Identifier: MIT */
/* Directories of the harness's own. Not async-signal-safe. */
#ifndef CORE_SYS_FILES_H
#define CORE_SYS_FILES_H

#include <stdbool.h>
#include <sys/types.h>

/* Removes everything under the directory, which stays; does not follow links nor leave the file system. 0 or -errno. */
int tree_clear(const char *path);
/* The same, and the directory itself. */
int tree_remove(const char *path);
/* Is there nothing in the directory? false also if it cannot be read. */
bool directory_empty(const char *path);
/* Writes text into an existing file (of /proc or /sys) by one write(2). 0 or -errno. */
int file_write(const char *path, const char *text);

#endif
