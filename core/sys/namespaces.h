/* SPDX-License-Identifier: MIT */
/* Namespaces of a box's own. Call in a single-threaded process that is about to become the box. */
#ifndef CORE_SYS_NAMESPACES_H
#define CORE_SYS_NAMESPACES_H

#include "core/base/str.h"

enum namespaces_part {
	NAMESPACES_MOUNT = 1,
	NAMESPACES_IPC = 2,
	NAMESPACES_NET = 4,
	NAMESPACES_PID = 8,
	NAMESPACES_ALL = 15
};

/*
 * Leaves the namespaces named by `wanted` (enum namespaces_part) for new ones, through a user namespace that maps the
 * caller to itself if it has no right otherwise. The PID namespace begins with the next child. Returns what was got;
 * for each refusal a sentence with a newline is added to *notes.
 */
unsigned namespaces_enter(unsigned wanted, struct str *notes);
/* In a new network namespace: lo up, and ports free again at once after a run. 0 or -errno. */
int namespaces_loopback(void);
/* A fresh file system of the type ("tmpfs", "mqueue", "proc") on a directory that exists. 0 or -errno. */
int namespaces_mount(const char *type, const char *on, const char *options);

#endif
