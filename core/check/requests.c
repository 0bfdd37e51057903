/* SPDX-License-Identifier: MIT */
#include "core/check/requests.h"

#include <stdlib.h>

#include "core/base/str.h"
#include "core/base/banned.h"

static int by_number(const void *x, const void *y)
{
	const struct message *const *a = x, *const *b = y;
	uint64_t m = message_number((*a)->sequence), n = message_number((*b)->sequence);

	if (m != n)
		return m < n ? -1 : 1;
	return (*a)->sent < (*b)->sent ? -1 : (*a)->sent > (*b)->sent;
}

static int by_sending(const void *x, const void *y)
{
	const struct request *a = x, *b = y;

	return a->sent < b->sent ? -1 : a->sent > b->sent;
}

static bool answers(const struct message *answer, const struct message *request)
{
	return answer->sent > request->sent && answer->sender != request->sender &&
		(answer->receiver == request->sender || !answer->receiver) &&
		(request->receiver == answer->sender || !request->receiver);
}

/* One group of messages of the same number, in the order of sending. */
static void group_read(struct requests *r, const struct message *const *group, size_t n, const struct history *h)
{
	for (size_t i = 0; i < n; i++) {
		const struct message *x = group[i];
		struct request q = { .proc = h->events[x->sent].proc, .sent = x->sent, .given_up = x->given_up };
		bool is_answer = false;

		for (size_t k = 0; k < i && !is_answer; k++)
			is_answer = answers(x, group[k]);
		if (is_answer) {
			r->n_answers++;
			continue;
		}
		for (size_t k = i + 1; k < n; k++)
			if (answers(group[k], x) && group[k]->received &&
				(!q.answered || group[k]->received < q.answered))
				q.answered = group[k]->received;
		r->items[r->n++] = q;
	}
}

void requests_init(struct requests *r, const struct messages *m, const struct history *h)
{
	const struct message **order = mem_new(m->n * sizeof(*order));

	*r = (struct requests){ .items = mem_new(m->n * sizeof(*r->items)) };
	for (size_t i = 0; i < m->n; i++)
		order[i] = &m->items[i];
	qsort(order, m->n, sizeof(*order), by_number);
	for (size_t from = 0, to; from < m->n; from = to) {
		uint64_t number = message_number(order[from]->sequence);

		for (to = from; to < m->n && message_number(order[to]->sequence) == number;)
			to++;
		group_read(r, order + from, to - from, h);
	}
	qsort(r->items, r->n, sizeof(*r->items), by_sending);
	free(order);
}

void requests_fini(struct requests *r)
{
	free(r->items);
	*r = (struct requests){ .items = NULL };
}
