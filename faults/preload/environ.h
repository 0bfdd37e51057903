/* SPDX-License-Identifier: MIT */
/* What a new program needs in its environment to be seen, whatever its parent has thrown out of it. */
#ifndef FAULTS_PRELOAD_ENVIRON_H
#define FAULTS_PRELOAD_ENVIRON_H

#include <stddef.h>

#include "faults/preload/inject.h"

enum { ENVIRONMENT_TEXT = 2048 };

/* As libc does it; but at the start of a program that would be one more page of libc to bring in. */

/* strcmp(3) == 0 */
static inline bool text_same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return *a == *b;
}
const char *environment_value(const char *name);	/* getenv(3) */

/*
 * Argument `at` of the call is an environment: if it lacks LD_PRELOAD (with this library), SABOT_ARENA or SABOT_ROLE,
 * v->a[at] becomes a copy in room that has them; text holds the new strings. Nothing is done if it is longer than the
 * room. Async-signal-safe; room and text must live as long as the call.
 */
void environment_patch(struct inv *v, int at, char **room, size_t n_room, char *text);

#endif
