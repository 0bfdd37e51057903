/* SPDX-License-Identifier: MIT */
/* One question and one answer at a time, in shared memory. The number of a question comes back with its answer. */
#include <semaphore.h>
#include <stdatomic.h>

struct scales {
	sem_t asked, answered;
	_Atomic unsigned question, answer;	/* its number */
	_Atomic int grams, ounces;
};
