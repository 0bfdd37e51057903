/* SPDX-License-Identifier: MIT */
/* poll(): as select(), but a list of descriptors instead of sets, so that their numbers may be as high as they like. */
#include "core/techniques/connection.h"

#include <poll.h>

#include "core/base/str.h"
#include "core/base/banned.h"

/* list[0] is the master socket (poll() passes over -1), list[i + 1] the i-th client handle. */
static void list_fill(struct client_table *t, struct pollfd *list)
{
	list[0] = (struct pollfd){ .fd = client_table_accepts(t) ? t->master_socket : -1, .events = POLLIN };
	for (size_t i = 0; i < t->n; i++)
		list[i + 1] = (struct pollfd){ .fd = t->handles[i]->data_socket,
			.events = t->handles[i]->waits == TURN_WRITE ? POLLOUT : POLLIN };
}

int serve_poll(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	struct pollfd *list = mem_new((CLIENTS_MAX + 1) * sizeof(*list));
	struct client_table t;
	int status = client_table_init(&t, o, calls, master_socket);

	while (status == 0 && !stop_asked()) {
		struct client_handle *h;
		struct timespec timeout;
		int n;

		list_fill(&t, list);
		n = ppoll(list, t.n + 1, client_table_timeout(&t, &timeout), &t.while_waiting);
		if (n < 0) {
			status = wait_failed("poll");
			continue;
		}
		/* Service requests. Backwards, for the last handle takes the place of one that has gone. */
		for (size_t i = t.n; i-- > 0;)
			if (list[i + 1].revents)
				client_table_turn(&t, t.handles[i]);
		/* A connection-initiation request. */
		if (list[0].revents) {
			do
				status = client_table_accept(&t, &h);
			while (client_table_accepts_on(h));
		}
	}
	client_table_fini(&t);
	free(list);
	return status;
}
