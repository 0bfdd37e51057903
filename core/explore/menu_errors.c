/* SPDX-License-Identifier: MIT */
/* The errors that are tried at a position: rows of errors.def that fit its call and its object. */
#include "core/explore/menu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/banned.h"

static void fail(struct sweep *w, const struct candidate *like, const struct call *call, int error, uint32_t times)
{
	char label[LABEL], word[32];
	const char *name = errno_name(error), *at = call->errnos;
	size_t n;

	/* Only what the call's row allows. */
	for (; *at; at += n + (at[n] == ' ')) {
		n = strcspn(at, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, at);
		if (strcmp(word, name) == 0)
			break;
	}
	if (!*at)
		return;
	snprintf(label, sizeof(label), "fail: %s", name);
	dish_add(w, like, &(struct dish){ .action = ACT_FAIL, .value = error, .grade = GRADE_DISRUPTIVE, .times = times },
		label);
}

/* Descriptors stay short: nobody can be served, but nobody has to run in circles either. */
static void fail_for_good(struct sweep *w, const struct candidate *like)
{
	struct candidate lasting = *like;
	struct dish dish = {
		.action = ACT_FAIL, .value = EMFILE, .grade = GRADE_DISRUPTIVE, .times = TIMES_FOREVER
	};

	lasting.lasting = true;
	dish_add(w, &lasting, &dish, "fail: EMFILE from now on");
}

static bool is_socket(const struct object *o)
{
	return o && (o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_UNIX_DGRAM || o->kind == OBJ_UNIX_SEQPACKET ||
			    o->kind == OBJ_SOCKETPAIR || o->kind == OBJ_TCP || o->kind == OBJ_UDP);
}

void errors_offer(
	struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	static const int of_accept[] = { ECONNABORTED, ENOBUFS, ENOMEM };
	static const int of_open[] = { ENFILE, ENOMEM, ENOBUFS };

	if (like->rank > RANKS_OF_DISRUPTION && !p->last)
		return;
	switch (call->family) {
	case FAMILY_ACCEPT:
		for (size_t i = 0; i < sizeof(of_accept) / sizeof(*of_accept); i++)
			fail(w, like, call, of_accept[i], 1);
		fail(w, like, call, EMFILE, 1);
		fail(w, like, call, ENFILE, 1);
		if (like->rank == 1)
			fail_for_good(w, like);
		break;
	case FAMILY_OPEN:
		if (strncmp(call->plain, "open", 4) == 0 && !p->object)
			return;		/* a file of the program's own */
		fail(w, like, call, EMFILE, 1);
		for (size_t i = 0; i < sizeof(of_open) / sizeof(*of_open); i++)
			fail(w, like, call, of_open[i], 1);
		break;
	case FAMILY_CONNECT:
		fail(w, like, call, ECONNREFUSED, 1);
		break;
	case FAMILY_SEND:
		/* TCP waits for memory and for a full queue of the interface by itself. */
		if (p->object && p->object->kind == OBJ_TCP && w->scenario->realism == REALISM_LINUX)
			dish_skip(w, like, "fail ENOBUFS", REFUSED_ERRNO);
		else if (is_socket(p->object))
			fail(w, like, call, ENOBUFS, 1);
		break;
	case FAMILY_PROCESS:
		if (strcmp(call->plain, "fork") == 0)
			fail(w, like, call, EAGAIN, 1);
		break;
	default:
		break;
	}
	if (p->object && (p->object->kind == OBJ_SYSV_MQ || p->object->kind == OBJ_SYSV_SEM))
		fail(w, like, call, EIDRM, 1);
}
