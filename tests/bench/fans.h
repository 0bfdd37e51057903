/* SPDX-License-Identifier: MIT */
/* One process that echoes for many clients, by select, poll or epoll, and one that plays all of the clients. */
#ifndef TESTS_BENCH_FANS_H
#define TESTS_BENCH_FANS_H

#include <stddef.h>

extern const char *const fan_designs[];	/* names, NULL at the end */

/*
 * Requests a second that the design answers with n_clients connected (Unix stream sockets, 64 bytes), of which
 * n_active send; n_requests in all, rounded to whole rounds. Negative: it failed.
 */
double fan_rate(size_t design, size_t n_clients, size_t n_active, unsigned long n_requests);

#endif
