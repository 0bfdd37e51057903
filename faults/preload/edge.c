/* SPDX-License-Identifier: MIT */
/*
 * What epoll watches, and edges of it. A kernel that says EAGAIN, or gives a part, has no more at that time; what comes
 * later is a new edge. A fault that says so although there is more has to make that edge, or the program waits for what
 * never happens.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EDGES = 64 };

static struct edge {
	_Atomic int fd;			/* 0: free; standard input is not watched for edges */
	int epoll;
	struct epoll_event event;
} edges[EDGES];

static struct edge *edge_of(int fd, int epoll)
{
	for (int i = 0; i < EDGES; i++)
		if (atomic_load(&edges[i].fd) == fd && (edges[i].epoll == epoll || epoll < 0))
			return &edges[i];
	return NULL;
}

void edge_note(int epoll, int operation, int fd, const struct epoll_event *event)
{
	struct edge *e;
	int none = 0;

	if (fd <= 0)
		return;
	e = edge_of(fd, epoll);
	if (e)
		atomic_store(&e->fd, 0);
	if (operation == EPOLL_CTL_DEL || !event)
		return;
	for (int i = 0; i < EDGES; i++, none = 0)
		if (atomic_compare_exchange_strong(&edges[i].fd, &none, -1)) {
			edges[i].epoll = epoll;
			edges[i].event = *event;
			atomic_store(&edges[i].fd, fd);
			return;
		}
}

void edge_repeat(int fd)
{
	int saved = errno;

	for (int i = 0; i < EDGES; i++) {
		struct epoll_event event = edges[i].event;

		/* Whoever asks for one shot asks again by itself. */
		if (atomic_load(&edges[i].fd) == fd && fd > 0 && event.events & EPOLLET &&
			!(event.events & EPOLLONESHOT))
			syscall(SYS_epoll_ctl, edges[i].epoll, EPOLL_CTL_MOD, fd, &event);
	}
	errno = saved;
}

void edge_closed(int fd)
{
	for (int i = 0; i < EDGES && fd > 0; i++)
		if (atomic_load_explicit(&edges[i].fd, memory_order_relaxed) == fd)
			atomic_store(&edges[i].fd, 0);
}

int edge_meant(int epoll, const struct epoll_event *event, unsigned *at)
{
	while (*at < EDGES) {
		const struct edge *e = &edges[(*at)++];
		int fd = atomic_load(&e->fd);

		if (fd > 0 && e->epoll == epoll && e->event.data.u64 == event->data.u64)
			return fd;
	}
	return -1;
}

int edge_watched(int epoll, unsigned *at, struct epoll_event *event)
{
	int saved = errno;

	while (*at < EDGES) {
		struct edge *e = &edges[(*at)++];
		int fd = atomic_load(&e->fd);

		if (fd <= 0 || e->epoll != epoll || !(e->event.events & EPOLLIN) || e->event.events & EPOLLONESHOT)
			continue;
		/* Still so? */
		*event = e->event;
		if (syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, fd, event) == 0)
			return fd;
	}
	errno = saved;
	return -1;
}
