/* SPDX-License-Identifier: MIT */
/* Who is who in a history: processes, their roles, how they ended, what struck them. Pure; nothing is allocated. */
#ifndef CORE_CHECK_WHO_H
#define CORE_CHECK_WHO_H

#include "core/model/property.h"

/* Index of the process of the role itself that proc descends from. */
uint32_t who_root(const struct history *h, uint32_t proc);
/* How the role of a process ended; NULL if the outcome does not know it. */
const struct role_outcome *who_role(const struct property_input *in, uint32_t proc);
/* A driver that came before a service was started again: what it lost with the one that died is nobody's mistake. */
bool who_lost_service(const struct property_input *in, const struct role_outcome *r);
const char *who_name(const struct history *h, uint32_t proc);

/*
 * Did the process end by a signal, or by a kill strike? For a child of a role only kill strikes are known. A service
 * that was stopped as it asks to be, and what was killed because the run was over, did not die.
 */
bool who_died(const struct property_input *in, uint32_t proc);
/* Did any process die? */
bool who_anybody_died(const struct property_input *in);
/* Is the process one that the strike is aimed at: the struck one, or the target of kill and pause? */
bool who_is_hit(const struct property_input *in, const struct history_event *strike, uint32_t proc);
/* What the strike that changed this call did (enum action); ACT_NONE: nothing changed it. */
uint32_t who_struck(const struct history *h, const struct event *call);
/* Is it of a driver: a client? Without an outcome: is it of a role whose name begins with "client"? */
bool who_is_driver(const struct property_input *in, uint32_t proc);

/* The last thing known of the process: index + 1 of its last event that is not EV_INVOKED; 0: none. */
uint32_t who_last_event(const struct history *h, uint32_t proc);

/* Was the run over before its time, so that what has not happened might yet have? */
bool who_was_cut(const struct property_input *in);
/* The name of a call as a scenario writes it. */
const char *who_call(uint32_t row);

#endif
