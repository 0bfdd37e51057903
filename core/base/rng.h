/* SPDX-License-Identifier: MIT */
/* splitmix64 (Steele, Lea, Flood 2014): every random choice of a run comes from the scenario's seed. Pure. */
#ifndef CORE_BASE_RNG_H
#define CORE_BASE_RNG_H

#include <stdint.h>

/* A well-mixed 64-bit value for x; the same x always gives the same value. */
static inline uint64_t rng_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* The next value of a sequence; *state is any value to begin with. */
static inline uint64_t rng_next(uint64_t *state)
{
	uint64_t x = rng_mix(*state);

	*state += 0x9e3779b97f4a7c15u;
	return x;
}

#endif
