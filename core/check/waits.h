/* SPDX-License-Identifier: MIT */
/* Who waits for whom, in words. */
#ifndef CORE_CHECK_WAITS_H
#define CORE_CHECK_WAITS_H

#include "core/base/str.h"
#include "core/model/outcome.h"

/* Adds "client/2 waits in recv() for server" behind what is there. */
void waits_add(struct str *s, const struct waiter *w);
/* All that waited when the drivers starved, and for whom: who was stopped himself comes last. The caller frees it. */
void waits_starved(struct str *s, const struct outcome *o);

#endif
