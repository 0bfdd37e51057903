/* SPDX-License-Identifier: MIT */
#include "core/report/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/model/guarantee.h"
#include "core/base/banned.h"

void matrix_fini(struct matrix *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct matrix_cell *c = &m->cells[i];

		free(c->technique);
		free(c->guarantee);
		free(c->value);
		free(c->evidence);
		free(c->scenario);
	}
	free(m->cells);
	*m = MATRIX_NONE;
}

void matrix_add(struct matrix *m, const char *technique, const char *guarantee, const char *value, const char *evidence,
	const char *scenario)
{
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->cells = mem_grow(m->cells, m->room * sizeof(m->cells[0]));
	}
	m->cells[m->n++] = (struct matrix_cell){
		.technique = mem_dup(technique),
		.guarantee = mem_dup(guarantee),
		.value = mem_dup(value),
		.evidence = mem_dup(evidence),
		.scenario = mem_dup(scenario),
	};
}

const struct matrix_cell *matrix_find(const struct matrix *m, const char *technique, const char *guarantee)
{
	for (size_t i = m->n; i > 0; i--) {
		const struct matrix_cell *c = &m->cells[i - 1];

		if (strcmp(c->technique, technique) == 0 && strcmp(c->guarantee, guarantee) == 0)
			return c;
	}
	return NULL;
}

size_t matrix_unknown(const struct matrix *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += strcmp(m->cells[i].value, "unknown") == 0;
	return n;
}

/* --- what is taught ------------------------------------------------------------------------------------------- */

const struct matrix_claim matrix_claims[] = {
	{ "prior connection", true, "a connection comes first", "connection-required", "yes" },
	{ "prior connection", false, "none is needed: every message names its receiver", "connection-required", "no" },
	{ "reliability", true, "everything that was sent arrives", "no-loss", "yes" },
	{ "reliability", false, "nothing promises that a message arrives", "no-loss", "no observed-not-guaranteed" },
	{ "order", true, "bytes arrive in the order they were sent", "fifo", "yes" },
	{ "order", false, "messages may overtake each other", "fifo", "no observed-not-guaranteed" },
	{ "message boundaries", true, "none: bytes are not messages", "boundaries", "no" },
	{ "message boundaries", false, "kept: one send is one receive", "boundaries", "yes" },
	{ "congestion", true, "a slow receiver slows the sender down", "full-blocking", "blocks" },
	{ "congestion", false, "a slow receiver does not slow the sender down", "full-blocking", "drops-silently" },
	{ "lost data", true, "nothing is dropped: the sender is told to wait", "full-nonblocking", "EAGAIN" },
	{ "lost data", false, "what finds no room is gone, and nobody is told", "full-nonblocking", "drops-silently" },
	{ "end of the other side", true, "the reader is told: end of file", "peer-death-reader", "EOF ECONNRESET" },
	{ "end of the other side", false, "the reader hears nothing of it", "peer-death-reader", "nothing" },
	{ "suitability", true, "long conversations and bulk data: no largest message", "max-message", "unlimited" },
	{ "suitability", false, "short messages on their own: there is a largest one", "max-message", "#" },
};
const size_t n_matrix_claims = sizeof(matrix_claims) / sizeof(matrix_claims[0]);

const char *const *matrix_claim_techniques(const struct matrix_claim *c)
{
	static const char *const streams[] = { "tcp", "unix-stream", NULL };
	static const char *const datagrams[] = { "udp", "unix-dgram", NULL };

	return c->stream ? streams : datagrams;
}

bool matrix_claim_agrees(const struct matrix_claim *c, const struct matrix_cell *cell)
{
	const struct guarantee_info words = { .name = c->guarantee, .values = c->agree };

	return strcmp(cell->value, "unknown") != 0 && strcmp(cell->value, "n/a") != 0 &&
	       guarantee_allows(&words, cell->value);
}
