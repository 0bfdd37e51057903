/* SPDX-License-Identifier: MIT */
/* Numbers with units, as scenarios and the command line write them. All functions are pure. */
#ifndef CORE_LOAD_UNITS_H
#define CORE_LOAD_UNITS_H

#include <stdbool.h>
#include <stdint.h>

enum unit_result { UNIT_FINE, UNIT_NOT_A_NUMBER, UNIT_MISSING, UNIT_UNKNOWN, UNIT_TOO_LARGE };

/* "7" (decimal digits only). */
enum unit_result parse_count(const char *text, uint64_t *out);
/* "20ms", "1.5s", "1m", "100us", "10ns", "1h" in nanoseconds. */
enum unit_result parse_duration(const char *text, int64_t *ns);
/* "64", "4KiB", "1MiB", "1GiB" in bytes. */
enum unit_result parse_size(const char *text, uint64_t *bytes);
/* A duration in its largest unit that leaves no fraction: "20ms". The caller frees it. */
char *duration_text(int64_t ns);
/* "0.1", "1e-3": a finite number. */
bool parse_real(const char *text, double *out);
/* What to write instead; NULL if the result needs no advice. */
const char *duration_advice(enum unit_result r);
const char *size_advice(enum unit_result r);

#endif
