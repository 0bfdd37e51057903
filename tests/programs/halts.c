/* SPDX-License-Identifier: MIT */
/*
 * A thread writes a byte while the first one waits for another. How long that took it says on stdout: "at once", or
 * "later" if it was stopped there for some time.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { LATER_MS = 20 };

static int go[2], out[2];

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *put(void *arg)
{
	int64_t start = now_ms();

	(void)arg;
	if (write(out[1], "x", 1) != 1)
		return NULL;
	puts(now_ms() - start < LATER_MS ? "at once" : "later");
	return write(go[1], "y", 1) == 1 ? go : NULL;
}

int main(void)
{
	pthread_t thread;
	void *got = NULL;
	char c;

	if (pipe(go) || pipe(out) || pthread_create(&thread, NULL, put, NULL))
		return 2;
	while (read(go[0], &c, 1) != 1)
		;
	return pthread_join(thread, &got) || got != go || fflush(stdout);
}
