/* SPDX-License-Identifier: MIT */
/* What the kinds of objects promise, as far as the properties ask. */
#ifndef CORE_CHECK_KINDS_H
#define CORE_CHECK_KINDS_H

#include "core/history/history.h"

bool kind_is_stream(uint32_t kind);
bool kind_is_datagram(uint32_t kind);
bool kind_is_connection(uint32_t kind);
/* Does the history have a channel of such a kind that is neither a listener nor a standard stream? */
bool history_has(const struct history *h, bool (*is)(uint32_t kind));

#endif
