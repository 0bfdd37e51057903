/* SPDX-License-Identifier: MIT */
/*
 * select(): one process waits for the master socket and for all client handles at once. Its states: waiting; then for
 * each descriptor in the set either a connection-initiation request (master socket) or a service request (handle).
 */
#include "core/techniques/connection.h"

#include <sys/select.h>

#include "core/base/banned.h"

/* Fills the two sets; returns the highest descriptor in them, or -1. */
static int sets_fill(struct client_table *t, fd_set *readable, fd_set *writable)
{
	int highest = -1;

	FD_ZERO(readable);
	FD_ZERO(writable);
	if (client_table_accepts(t)) {
		FD_SET(t->master_socket, readable);
		highest = t->master_socket;
	}
	for (size_t i = 0; i < t->n; i++) {
		struct client_handle *h = t->handles[i];

		FD_SET(h->data_socket, h->waits == TURN_WRITE ? writable : readable);
		if (h->data_socket > highest)
			highest = h->data_socket;
	}
	return highest;
}

int serve_select(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	struct client_table t;
	int status = client_table_init(&t, o, calls, master_socket);

	while (status == 0 && !stop_asked()) {
		struct client_handle *h;
		struct timespec timeout;
		fd_set readable, writable;
		int highest = sets_fill(&t, &readable, &writable);
		int n = pselect(
			highest + 1, &readable, &writable, NULL, client_table_timeout(&t, &timeout), &t.while_waiting);

		if (n < 0) {
			status = wait_failed("select");
			continue;
		}
		/* Service requests. Backwards, for the last handle takes the place of one that has gone. */
		for (size_t i = t.n; i-- > 0;) {
			h = t.handles[i];
			if (FD_ISSET(h->data_socket, &readable) || FD_ISSET(h->data_socket, &writable))
				client_table_turn(&t, h);
		}
		/* A connection-initiation request. */
		if (FD_ISSET(master_socket, &readable)) {
			do
				status = client_table_accept(&t, &h);
			while (client_table_accepts_on(h));
		}
	}
	client_table_fini(&t);
	return status;
}
