/* SPDX-License-Identifier: MIT */
/*
 * The connection is reset: this call gives ECONNRESET (a send may give EPIPE and SIGPIPE later), the peer sees it
 * too.
 */
#include "faults/preload/inject.h"

#include <errno.h>

static enum refusal strike(struct inv *v, const struct strike *s)
{
	if (!is_connection(v))
		return REFUSED_KIND;
	arrival_wait(v, s->after);
	connection_break(v);
	if (s->after || v->shape == SH_CLOSE)
		return REFUSED_NOT;
	decide_result(v, ECONNRESET);
	return REFUSED_NOT;
}

const struct action_code act_reset = { .strike = strike };
