/* SPDX-License-Identifier: MIT */
/*
 * epoll: the kernel keeps the set of descriptors, and tells only of those that are ready. Level-triggered, it tells as
 * long as they are; edge-triggered (epoll-edge), once when they become so.
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <sys/epoll.h>

#include "core/base/banned.h"

enum { EVENTS_AT_ONCE = 64 };

/* Adds or changes what is waited for on fd. The master socket is known by h == NULL. 0, or 1 (said). */
static int interest_set(int epoll, int operation, int fd, struct client_handle *h, uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = h } };

	return epoll_ctl(epoll, operation, fd, &event) < 0 ? say_errno("epoll_ctl") : 0;
}

static uint32_t events_of(const struct client_handle *h)
{
	if (h->edge)
		return EPOLLIN | EPOLLOUT | EPOLLET;
	return h->waits == TURN_WRITE ? EPOLLOUT : EPOLLIN;
}

/* A service request, or room for an answer. */
static int handle_serve(struct client_table *t, int epoll, struct client_handle *h)
{
	uint32_t before = events_of(h);
	int data_socket = h->data_socket;

	/* Closed, it has left the set by itself; but a handle that was leaked is still in it. */
	if (!client_table_turn(t, h)) {
		if (epoll_ctl(epoll, EPOLL_CTL_DEL, data_socket, NULL) < 0 && errno != EBADF && errno != ENOENT)
			return say_errno("epoll_ctl");
		return 0;
	}
	if (events_of(h) != before)
		return interest_set(epoll, EPOLL_CTL_MOD, data_socket, h, events_of(h));
	return 0;
}

/* A connection-initiation request. */
static int master_serve(struct client_table *t, int epoll)
{
	struct client_handle *h;

	do {
		if (client_table_accept(t, &h))
			return 1;
		if (h && interest_set(epoll, EPOLL_CTL_ADD, h->data_socket, h, events_of(h)))
			return 1;
	} while (client_table_accepts_on(h));
	return 0;
}

static int timeout_ms(const struct client_table *t)
{
	struct timespec timeout;

	if (!client_table_timeout(t, &timeout))
		return -1;
	return (int)((timeout.tv_nsec + MS - 1) / MS);
}

static int events_serve(struct client_table *t, int epoll, bool *watched)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	bool watch = client_table_accepts(t);
	int n, status = 0;

	if (watch != *watched)
		status = interest_set(epoll, EPOLL_CTL_MOD, t->master_socket, NULL, watch ? EPOLLIN : 0);
	*watched = watch;
	if (status)
		return status;
	n = epoll_pwait(epoll, events, EVENTS_AT_ONCE, timeout_ms(t), &t->while_waiting);
	if (n < 0)
		return wait_failed("epoll_wait");
	for (int i = 0; i < n && status == 0; i++) {
		struct client_handle *h = events[i].data.ptr;

		status = h ? handle_serve(t, epoll, h) : master_serve(t, epoll);
	}
	return status;
}

int serve_epoll(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	struct client_table t;
	bool watched = true;
	int epoll, status = client_table_init(&t, o, calls, master_socket);

	if (status)
		return status;
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		return say_errno("epoll_create1");
	status = interest_set(epoll, EPOLL_CTL_ADD, master_socket, NULL, EPOLLIN);
	while (status == 0 && !stop_asked())
		status = events_serve(&t, epoll, &watched);
	client_table_fini(&t);
	close(epoll);
	return status;
}
