/* SPDX-License-Identifier: MIT */
/* The half of traffic.h that is about datagrams. */
#ifndef CORE_CHECK_DATAGRAMS_H
#define CORE_CHECK_DATAGRAMS_H

#include "core/check/traffic.h"

/* Collects the datagrams of the history into t and decides the fate of each. */
void datagrams_read(struct traffic *t, const struct property_input *in);

#endif
