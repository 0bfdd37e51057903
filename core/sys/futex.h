/* SPDX-License-Identifier: MIT */
/* Futexes in memory shared between processes. Async-signal-safe, any thread. */
#ifndef CORE_SYS_FUTEX_H
#define CORE_SYS_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Wakes everybody who waits for the word. */
static inline void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 0x7fffffff, NULL, NULL, 0);
}

/*
 * Returns when the word is (or has become) other than value, after timeout_ns (< 0: never), or for no reason at all:
 * the caller looks at the word again.
 */
static inline void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns)
{
	struct timespec t = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, timeout_ns < 0 ? NULL : &t, NULL, 0);
}

#endif
