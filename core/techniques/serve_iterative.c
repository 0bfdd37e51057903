/* SPDX-License-Identifier: MIT */
/*
 * Iterative: one client after the other. While one is served, the connection-initiation requests of the others wait
 * in the queue of the master socket, and a client that stalls makes all of them wait.
 */
#include "core/techniques/connection.h"

#include "core/base/banned.h"

static void client_serve(const struct ref_options *o, const struct connection_calls *calls, int data_socket)
{
	struct client_handle *h = client_handle_new(o, calls, data_socket);

	/* Reading and writing block, but not for ever: the others wait. */
	if (patience_set(data_socket, o) == 0)
		client_handle_serve(h);
	client_handle_free(h);
}

int serve_iterative(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	int data_socket;

	stop_shuts_down(master_socket);
	while (!stop_asked()) {
		switch (client_accept(calls, master_socket, &data_socket)) {
		case ACCEPTED:
			client_serve(o, calls, data_socket);
			break;
		case ACCEPTED_FULL:
			back_off();
			break;
		case ACCEPTED_FAILED:
			return 1;
		default:
			break;
		}
	}
	return 0;
}
