/* SPDX-License-Identifier: MIT */
/* The rows of faults/calls.def by name, for the few places that must tell one call from another. */
#ifndef FAULTS_PRELOAD_ROWS_H
#define FAULTS_PRELOAD_ROWS_H

enum row {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) ROW_##symbol,
#include "faults/calls.def"
#undef CALL
};

#endif
