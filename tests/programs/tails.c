/* SPDX-License-Identifier: MIT */
/*
 * Reads a pipe of its own, each time from another kind of place: one that was compiled into its caller, ones that jump
 * to read() instead of calling it. The comments name the places; tests look for them.
 */
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/banned.h"

#define APART __attribute__((noinline))

static int from;
static volatile size_t one = 1;
static char text[8];

static inline __attribute__((always_inline)) ssize_t inlined(size_t n)
{
	ssize_t got = read(from, text, n); /* inlined */

	return got < 0 ? 0 : got;
}

static APART ssize_t around(size_t n)
{
	return inlined(n) + 1; /* around */
}

static APART ssize_t once(size_t n)
{
	return read(from, text, n); /* once */
}

static APART ssize_t twice(size_t n)
{
	text[n] = '\0';
	return once(n);
}

static APART ssize_t either(size_t n)
{
	text[n] = '\0';
	if (text[0] == 'x')
		return read(from, text + 1, n);
	return read(from, text, n);
}

static APART ssize_t one_of(size_t n)
{
	struct iovec v = { text, n };

	text[n] = '\0';
	if (text[0] == 'x')
		return readv(from, &v, 1);
	return read(from, text, n); /* one_of */
}

static ssize_t (*volatile by_pointer)(size_t) = once;

int main(void)
{
	int ends[2];
	ssize_t sum;

	if (pipe(ends) || write(ends[1], "123456", 6) != 6)
		return 1;
	from = ends[0];
	sum = around(one);
	sum += once(one); /* calls once */
	sum += twice(one);
	sum += either(one); /* calls either */
	sum += one_of(one);
	sum += by_pointer(one); /* main */
	printf("%zd\n", sum);
	return 0;
}
