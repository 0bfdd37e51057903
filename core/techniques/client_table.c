/* SPDX-License-Identifier: MIT */
/* The client handles of a multiplexing server, and what select, poll and epoll servers do with them alike. */
#include "core/techniques/connection.h"

#include <errno.h>
#include <sys/select.h>

#include "core/base/banned.h"

int client_table_init(struct client_table *t, const struct ref_options *o, const struct connection_calls *calls,
	int master_socket)
{
	*t = (struct client_table){ .o = o, .calls = calls, .master_socket = master_socket };
	sigprocmask(SIG_BLOCK, NULL, &t->while_waiting);
	sigdelset(&t->while_waiting, SIGTERM);
	/*
	 * Mistake: accepts until nobody is left (client_table_accepts_on()), but on a master socket that blocks. When
	 * nobody is left, accept() waits for the next one, and all the clients that are connected wait for the server.
	 */
	if (mistake(BLOCKING_ACCEPT))
		return 0;
	return nonblocking_set(master_socket);
}

void client_table_fini(struct client_table *t)
{
	while (t->n > 0)
		t->handles[t->n - 1] = client_handle_free(t->handles[t->n - 1]), t->n--;
}

bool client_table_accepts(struct client_table *t)
{
	if (t->master_rests_ns && now_ns() >= t->master_rests_ns)
		t->master_rests_ns = 0;
	return t->master_rests_ns == 0 && t->n < CLIENTS_MAX;
}

struct timespec *client_table_timeout(const struct client_table *t, struct timespec *timeout)
{
	int64_t left = t->master_rests_ns - now_ns();

	if (t->master_rests_ns == 0)
		return NULL;
	*timeout = (struct timespec){ .tv_nsec = left < 0 ? 0 : left };
	return timeout;
}

int client_table_accept(struct client_table *t, struct client_handle **h)
{
	int data_socket;

	*h = NULL;
	switch (client_accept(t->calls, t->master_socket, &data_socket)) {
	case ACCEPTED:
		break;
	case ACCEPTED_FULL:
		t->master_rests_ns = now_ns() + BACK_OFF_NS;
		return 0;
	case ACCEPTED_FAILED:
		return 1;
	default:
		return 0;
	}
	if ((t->o->design == DESIGN_SELECT && data_socket >= FD_SETSIZE) || nonblocking_set(data_socket)) {
		say("no room for one more client");
		close(data_socket);
		return 0;
	}
	*h = client_handle_new(t->o, t->calls, data_socket);
	(*h)->waits = TURN_READ;
	(*h)->edge = t->o->design == DESIGN_EPOLL_EDGE;
	t->handles[t->n++] = *h;
	return 0;
}

bool client_table_accepts_on(const struct client_handle *h)
{
	return h && mistake(BLOCKING_ACCEPT);
}

bool client_table_turn(struct client_table *t, struct client_handle *h)
{
	h->waits = client_handle_turn(h);
	if (h->waits != TURN_END && h->waits != TURN_FAILED)
		return true;
	for (size_t i = 0; i < t->n; i++)
		if (t->handles[i] == h)
			t->handles[i] = t->handles[--t->n];
	client_handle_free(h);
	return false;
}

int wait_failed(const char *call)
{
	if (errno == EINTR && (stop_asked() || !mistake(NO_EINTR_RETRY)))
		return 0;
	return say_errno("%s", call);
}
