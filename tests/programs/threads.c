/* SPDX-License-Identifier: MIT */
/* A thread brings a byte. Ends with 1 if there is none for it. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/banned.h"

static int ends[2];

static void *bring(void *arg)
{
	return write(ends[1], "x", 1) == 1 ? arg : NULL;
}

int main(void)
{
	pthread_t thread;
	void *got = NULL;
	char c = 0;
	int error;

	if (pipe(ends))
		return 2;
	error = pthread_create(&thread, NULL, bring, ends);
	if (error) {
		fprintf(stderr, "threads: %s\n", strerror(error));
		return 1;
	}
	if (read(ends[0], &c, 1) != 1 || pthread_join(thread, &got) || got != ends)
		return 2;
	return c != 'x';
}
