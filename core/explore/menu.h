/* SPDX-License-Identifier: MIT */
/* What menu.c and menu_errors.c share: how a fault gets among the candidates. */
#ifndef CORE_EXPLORE_MENU_H
#define CORE_EXPLORE_MENU_H

#include "core/explore/internal.h"
#include "core/model/call.h"

enum { RANKS_OF_DISRUPTION = 5 };

/* One dish: what is appended to the candidates. */
struct dish {
	uint32_t action;
	int64_t value;
	enum grade grade;
	enum when when;
	uint32_t times;
	bool posix;		/* lawful from REALISM_POSIX on */
	bool kills;
};

/* Is it among the kinds that were asked for? Without any, all are. */
bool dish_wanted(const struct sweep *w, uint32_t action, const char *label);
void dish_add(struct sweep *w, const struct candidate *like, const struct dish *d, const char *label);
/* It cannot happen there: told in the coverage. */
void dish_skip(struct sweep *w, const struct candidate *like, const char *kind, enum refusal why);

/* menu_errors.c: the errors of errors.def that fit the call and its object */
void errors_offer(struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call);

/* stalls.c */
void stalls_offer(struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call);

#endif
