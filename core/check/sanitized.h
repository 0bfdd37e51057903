/* SPDX-License-Identifier: MIT */
/* For properties whose verdict is a sanitizer's. */
#ifndef CORE_CHECK_SANITIZED_H
#define CORE_CHECK_SANITIZED_H

#include "core/model/property.h"

/* `reason`, where no program has such a sanitizer and none has reported anything; else NULL. */
const char *sanitized_senseless(const struct property_input *in, enum sanitizer by, const char *reason);
/* Violated by each role on whose stderr there is a report. */
void sanitized_check(const struct property_input *in, enum sanitizer by, struct verdict *out);

#endif
