/* SPDX-License-Identifier: MIT */
/*
 * futex VALUE RESULT: waits 50 ms for its word, 0, not to be VALUE. Ends with 0 if that gives RESULT: an errno, or 0
 * for "woken". Its handler of SIGUSR1 has SA_RESTART, which a wait with a time ignores.
 */
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

static uint32_t word;

static void on_signal(int number)
{
	(void)number;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct timespec time = { .tv_nsec = 50000000 };
	long result;

	if (argc != 3 || sigaction(SIGUSR1, &action, NULL) || syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL) != 0)
		return 2;
	result = syscall(SYS_futex, &word, FUTEX_WAIT, strtol(argv[1], NULL, 10), &time);
	if (result == -1)
		result = errno;
	if (result == strtol(argv[2], NULL, 10))
		return 0;
	fprintf(stderr, "futex: %ld\n", result);
	return 1;
}
