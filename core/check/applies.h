/* SPDX-License-Identifier: MIT */
/* Reasons why a property does not apply, that several of them share. Each returns NULL if it does. */
#ifndef CORE_CHECK_APPLIES_H
#define CORE_CHECK_APPLIES_H

#include "core/model/property.h"

#define NOTHING_JUDGED "nothing crossed a channel of which both ends were seen"

/* Content: not for techniques that carry none, nor for programs of which no data was seen. */
const char *applies_to_content(const struct property_input *in);
/* Messages or data of any sort, signals included. */
const char *applies_to_messages(const struct property_input *in);
/* Messages that their programs number. */
const char *applies_to_numbered(const struct property_input *in);
/* Connections. */
const char *applies_to_connections(const struct property_input *in);
/* Requests that get an answer. */
const char *applies_to_requests(const struct property_input *in);

#endif
