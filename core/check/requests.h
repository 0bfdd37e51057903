/* SPDX-License-Identifier: MIT */
/*
 * Which numbered messages are requests, and what became of them. An answer has the sequence of its request and goes
 * the other way, later; whatever answers nothing is a request.
 */
#ifndef CORE_CHECK_REQUESTS_H
#define CORE_CHECK_REQUESTS_H

#include "core/check/messages.h"

struct request {
	uint32_t proc;		/* who asked */
	uint32_t sent;		/* event */
	uint32_t answered;	/* event + 1 of the receipt of the answer; 0: never */
	bool given_up;
};

struct requests {
	struct request *items;	/* in the order of sending */
	size_t n, n_answers;	/* answers that were sent */
};

void requests_init(struct requests *r, const struct messages *m, const struct history *h);
void requests_fini(struct requests *r);

#endif
