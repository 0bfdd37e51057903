/* SPDX-License-Identifier: MIT */
/*
 * futex(2): sleeping until a word in shared memory changes. The C library has no wrapper for it. Any process that has
 * the word mapped may call these, from any thread; they are async-signal-safe and keep no state.
 */
#ifndef CORE_TECHNIQUES_SHM_FUTEX_H
#define CORE_TECHNIQUES_SHM_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Wakes everybody who waits for the word. */
static inline void shm_futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 0x7fffffff, NULL, NULL, 0);
}

/*
 * Sleeps while the word is `value`. It may also return for no reason (a signal, a wake-up meant for somebody who was
 * here before): the caller looks again whatever woke it.
 */
static inline void shm_futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

#endif
