/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. */
#ifndef CORE_HISTORY_INTERNAL_H
#define CORE_HISTORY_INTERNAL_H

#include "core/base/str.h"
#include "core/history/history.h"

/*
 * Fills in h->channels from the objects of the arena and from the events, which are merged already, with each event's
 * channel and position, and the counts of each channel.
 */
void channels_resolve(const struct arena *a, struct history *h);

static inline uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

#endif
