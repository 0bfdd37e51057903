/* SPDX-License-Identifier: MIT */
/*
 * socketpair: two stream sockets without a name, connected to each other from the start. Whoever is to have the other
 * end inherits it: the server makes a pair for each client, forks the client, and serves all of them with poll().
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/include/sabot.h"
#include "core/base/banned.h"

enum { PAIRS_MAX = 60 };

static int no_accept(int master_socket)
{
	(void)master_socket;
	errno = EINVAL;	/* the pair is connected already */
	return -1;
}

static ssize_t bytes_read(int data_socket, void *bytes, size_t n)
{
	return read(data_socket, bytes, n);
}

static ssize_t bytes_write(int data_socket, const void *bytes, size_t n)
{
	return write(data_socket, bytes, n);
}

static const struct connection_calls calls = {
	.accept = no_accept, .read = bytes_read, .write = bytes_write,
};

struct ends {
	struct client_handle *handles[PAIRS_MAX];	/* the server's ends; NULL: over */
	uint32_t n;
	int data_socket;	/* the end of the client that is being started */
};

/* The child. What it has inherited of the others it closes: a copy left open would keep their end of file away. */
static int client_run(const struct ref_options *o, void *data)
{
	struct ends *ends = data;
	struct connection_link link;
	int status;

	for (uint32_t i = 0; i < ends->n; i++)
		close(ends->handles[i]->data_socket);
	sabot_became("connected");
	status = connection_link_init(&link, o, &calls, ends->data_socket);
	if (status == 0)
		status = request_link(o, &link.link);	/* write(), read() */
	connection_link_fini(&link);
	close(ends->data_socket);			/* close the data socket */
	return status;
}

/* socketpair(), fork(): one end for the client, one for us. 0 or 1 (said). */
static int client_begin(const struct ref_options *o, struct ends *ends, struct children *children, uint32_t index)
{
	int pair[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return say_errno("socketpair");
	if (nonblocking_set(pair[0])) {
		close(pair[0]);
		close(pair[1]);
		return 1;
	}
	ends->handles[ends->n] = client_handle_new(o, &calls, pair[0]);
	ends->handles[ends->n++]->waits = TURN_READ;
	ends->data_socket = pair[1];
	status = child_start(children, o, index, client_run, ends);
	close(pair[1]);		/* the client's end: ours would keep the connection open when the client has gone */
	return status;
}

/* Serves all clients until each has closed its end. 0, or 1 (said). */
static int clients_serve(struct ends *ends)
{
	uint32_t n_open = ends->n;
	int failed = 0;

	while (n_open > 0 && !stop_asked()) {
		struct pollfd list[PAIRS_MAX];

		for (uint32_t i = 0; i < ends->n; i++) {
			struct client_handle *h = ends->handles[i];

			list[i] = (struct pollfd){ .fd = h ? h->data_socket : -1,
				.events = h && h->waits == TURN_WRITE ? POLLOUT : POLLIN };
		}
		if (poll(list, ends->n, -1) < 0) {
			if (wait_failed("poll"))
				return 1;
			continue;
		}
		for (uint32_t i = 0; i < ends->n; i++) {
			if (!list[i].revents)
				continue;
			ends->handles[i]->waits = client_handle_turn(ends->handles[i]);
			failed |= ends->handles[i]->waits == TURN_FAILED;
			if (ends->handles[i]->waits == TURN_END || ends->handles[i]->waits == TURN_FAILED) {
				ends->handles[i] = client_handle_free(ends->handles[i]);
				n_open--;
			}
		}
	}
	return failed;
}

static int serve(const struct ref_options *o)
{
	struct ends ends = { .n = 0 };
	struct children children = { .n = 0 };
	int status = 0;

	if (o->n_clients > PAIRS_MAX)
		return say("at most %d clients", PAIRS_MAX);
	for (uint32_t i = 1; i <= o->n_clients && status == 0; i++)
		status = client_begin(o, &ends, &children, i);
	if (status == 0) {
		server_ready();
		status = clients_serve(&ends);
	}
	for (uint32_t i = 0; i < ends.n; i++)
		if (ends.handles[i])
			client_handle_free(ends.handles[i]);
	return children_wait(&children) || status;
}

const struct technique technique_socketpair = {
	.name = "socketpair", .serve = serve,
};
