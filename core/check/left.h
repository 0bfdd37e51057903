/* SPDX-License-Identifier: MIT */
/* What the properties about things left behind share. */
#ifndef CORE_CHECK_LEFT_H
#define CORE_CHECK_LEFT_H

#include "core/model/property.h"

/* Violated if anything of one of these kinds (bits by enum left_kind) was left that nothing excuses. */
void left_check(const struct property_input *in, uint32_t kinds, struct verdict *out);

#endif
