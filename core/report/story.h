/* SPDX-License-Identifier: MIT */
/* The story of a scenario, and of a finished run, in sentences: what `sabot explain` tells. */
#ifndef CORE_REPORT_STORY_H
#define CORE_REPORT_STORY_H

#include "core/history/history.h"
#include "core/model/scenario.h"
#include "core/report/pen.h"

/* Appends title, about, claim, who takes part, what will be struck, what is expected. */
void story_of_scenario(struct pen *p, const struct scenario *s);
/*
 * Appends who took part, through which channels, what struck where, what never returned and how they ended, with the
 * sequence diagram around what matters most.
 */
void story_of_run(struct pen *p, const char *name, const struct history *h);
/* Appends a fault in words: "in server, the 2nd receive, before the call: short: 3". */
void story_of_fault(struct str *out, const struct plan_fault *f, const char *action);

#endif
