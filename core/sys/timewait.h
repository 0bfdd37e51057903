/* SPDX-License-Identifier: MIT */
/*
 * TCP's TIME-WAIT in a network namespace of a box's own: a port that a connection was closed on first cannot be bound
 * again for a minute (without SO_REUSEADDR), also by somebody who is started again.
 */
#ifndef CORE_SYS_TIMEWAIT_H
#define CORE_SYS_TIMEWAIT_H

#include <stdbool.h>

/* Can what is in TIME-WAIT be removed here? A box whose runs follow each other may have it only then. */
bool timewait_removable(void);
/* Whether connections come into it from now on. 0, or -errno: the kernel does not let us. */
int timewait_set(bool on);
/* Removes all that is in it, when nobody is left who has a connection. 0 or -errno. */
int timewait_clear(void);

#endif
