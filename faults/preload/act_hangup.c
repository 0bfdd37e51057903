/* SPDX-License-Identifier: MIT */
/* The connection ends in order for both sides; what was on its way still arrives. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum refusal strike(struct inv *v, const struct strike *s)
{
	int saved = errno;

	if (!is_connection(v))
		return REFUSED_KIND;
	arrival_wait(v, s->after);
	syscall(SYS_shutdown, v->fd, SHUT_RDWR);
	errno = saved;
	return REFUSED_NOT;
}

const struct action_code act_hangup = { .strike = strike };
