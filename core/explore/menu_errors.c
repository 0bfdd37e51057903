/* SPDX-License-Identifier: MIT */
/* The errors that are tried at a position: rows of errors.def that fit its call and its object. */
#include "core/explore/menu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"

enum { ANY_FAMILY = N_FAMILIES };
enum times { ONCE, LASTS, ASKED };

#define FAMILY_ANY_FAMILY ANY_FAMILY
#define BIT(kind) ((uint64_t)1 << (kind))
#define ANY UINT64_MAX
#define UNIX_SOCKETS \
	(BIT(OBJ_UNIX_STREAM) | BIT(OBJ_UNIX_DGRAM) | BIT(OBJ_UNIX_SEQPACKET) | BIT(OBJ_SOCKETPAIR))
#define INET_SOCKETS (BIT(OBJ_TCP) | BIT(OBJ_UDP))
#define SOCKETS (UNIX_SOCKETS | BIT(OBJ_UDP))
#define SYSV_OBJECTS (BIT(OBJ_SYSV_MQ) | BIT(OBJ_SYSV_SHM) | BIT(OBJ_SYSV_SEM))

static const struct refusal_row {
	uint32_t family;
	const char *call;
	uint64_t objects;
	int error;
	enum realism realism;
	enum times times;
} rows[] = {
#define REFUSAL(family, call, objects, error, realism, times) \
	{ FAMILY_##family, call, objects, error, REALISM_##realism, times },
#include "core/explore/errors.def"
#undef REFUSAL
};

static bool is_of_call(const struct refusal_row *row, const struct call *call)
{
	return (row->family == ANY_FAMILY || row->family == call->family) &&
	       (!row->call[0] || strcmp(row->call, call->plain) == 0);
}

static bool is_of_object(const struct refusal_row *row, const struct object *o)
{
	return row->objects == ANY || (o && row->objects >> o->kind & 1);
}

static void label_make(char *label, int error, bool for_good)
{
	snprintf(label, LABEL, "fail: %s%s", errno_name(error), for_good ? " from now on" : "");
}

static bool is_on_offer(const struct sweep *w, const struct refusal_row *row)
{
	char label[LABEL];

	label_make(label, row->error, false);
	return row->times != ASKED || (w->options.n_kinds && dish_wanted(w, ACT_FAIL, label));
}

bool may_be_refused(const struct sweep *w, const struct call *call)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].family == call->family && is_of_call(&rows[i], call) && is_on_offer(w, &rows[i]))
			return true;
	return false;
}

/* Does the call's own row allow it? */
static bool is_allowed(const struct call *call, int error)
{
	const char *name = errno_name(error);
	size_t n = strlen(name);

	for (const char *at = call->errnos; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == n && strncmp(at, name, n) == 0)
			return true;
	return false;
}

bool is_timeout(const struct call *call, int error)
{
	return error == ETIMEDOUT || (call->family == FAMILY_LOCK && error == EAGAIN);
}

static void fail(struct sweep *w, const struct candidate *like, int error, bool for_good)
{
	struct candidate c = *like;
	struct dish dish = { .action = ACT_FAIL, .value = error, .grade = GRADE_DISRUPTIVE,
			     .times = for_good ? TIMES_FOREVER : 1 };
	char label[LABEL];

	c.lasting = for_good;
	label_make(label, error, for_good);
	dish_add(w, &c, &dish, label);
}

void errors_offer(struct sweep *w, const struct position *p, const struct candidate *like, const struct call *call)
{
	if (like->rank > RANKS_OF_DISRUPTION && !p->last)
		return;
	if (call->family == FAMILY_OPEN && strncmp(call->plain, "open", 4) == 0 && !p->object)
		return;		/* a file of the program's own */
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct refusal_row *row = &rows[i];
		char kind[LABEL];

		/* "The time is over" is said only where it was waited. */
		if (!is_of_call(row, call) || !is_on_offer(w, row) || !is_of_object(row, p->object) ||
			!is_allowed(call, row->error) ||
			(is_timeout(call, row->error) && !(p->event->e.flags & EVF_TIMED && p->waits)))
			continue;
		if ((uint32_t)row->realism > (uint32_t)w->scenario->realism) {
			snprintf(kind, sizeof(kind), "fail %s", errno_name(row->error));
			dish_skip(w, like, kind, REFUSED_ERRNO);
			continue;
		}
		fail(w, like, row->error, false);
		/* It stays so: nobody can be served, but nobody has to run in circles either. */
		if (row->times == LASTS && like->rank == 1)
			fail(w, like, row->error, true);
	}
}
