/* SPDX-License-Identifier: MIT */
#include "core/check/waits.h"

#include "core/check/who.h"
#include "core/base/banned.h"

void waits_add(struct str *s, const struct waiter *w)
{
	str_addf(s, "%s%.*s", s->length ? "; " : "", (int)sizeof(w->process) - 1, w->process);
	if (w->held)
		str_add(s, " has not begun: it waits");
	else if (w->call)
		str_addf(s, " waits in %s()", who_call(w->call - 1));
	else
		str_add(s, " goes on without any call");
	if (w->for_whom[0])
		str_addf(s, " for %.*s%s", (int)sizeof(w->for_whom) - 1, w->for_whom, w->held ? " to be ready" : "");
}

/* First the drivers that are kept waiting, then those by whom. */
void waits_starved(struct str *s, const struct outcome *o)
{
	for (int drivers = 1; drivers >= 0; drivers--)
		for (uint32_t i = 0; i < o->n_starving; i++) {
			const struct waiter *w = &o->starving[i];

			if (w->role < o->n_roles && o->roles[w->role].driver == drivers &&
				strcmp(w->process, o->stalled) != 0)
				waits_add(s, w);
		}
	str_addf(s, "%s%s is stopped", s->length ? "; " : "", o->stalled);
}
