/* SPDX-License-Identifier: MIT */
/* Calls that have no place in this project: unbounded string functions, and sleeping to order things. */
#ifndef CORE_BASE_BANNED_H
#define CORE_BASE_BANNED_H

/* System headers come first, so that their own declarations are not poisoned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison sprintf vsprintf strcpy strcat strncpy strncat gets strtok
#pragma GCC poison sleep usleep atoi atol atof mktemp tmpnam

#endif
