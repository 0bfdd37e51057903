/* SPDX-License-Identifier: MIT */
/* The way to the server, for whoever has a reason to be connected again and again. */
#ifndef SCENARIOS_CAPSTONE_LINK_H
#define SCENARIOS_CAPSTONE_LINK_H

#include <stdint.h>

#include <sys/un.h>

/*
 * Connects to the server: a non-blocking data socket, or -1 if until_ns has passed (negative: never) or the program is
 * asked to stop. It tries whatever the reason is, for a server that is about to start has no socket yet, one that was
 * killed refuses, and a busy one has a full queue. *pause_ms is what it waits before the first try; it grows, and the
 * caller sets it to 0 when the connection has been of use.
 */
int server_connect(const struct sockaddr_un *address, int64_t until_ns, int *pause_ms);

#endif
