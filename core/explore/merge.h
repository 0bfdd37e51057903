/* SPDX-License-Identifier: MIT */
/* Parts of one exploration, made with --shard, become one. */
#ifndef CORE_EXPLORE_MERGE_H
#define CORE_EXPLORE_MERGE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Reads n JSON reports of explorations and writes their sum to out: runs are added, findings that tell the same (site,
 * call, symptom, kind of fault) become one, coverage is the strongest of all. 0; 1 if there is a finding (of full
 * grade) in it; EXIT_USAGE if a file is not such a report, EXIT_HARNESS if writing failed; *why (size bytes) says it.
 */
int explore_merge(const char *const *paths, size_t n, FILE *out, char *why, size_t size);

#endif
