/* SPDX-License-Identifier: MIT */
/*
 * Edges of epoll. A kernel that says EAGAIN, or gives a part, has no more at that time; what comes later is a new edge.
 * A fault that says so although there is more has to make that edge, or the program waits for what never happens.
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
	/* Whoever asks for one shot asks again by itself. */
	if (operation == EPOLL_CTL_DEL || !event || !(event->events & EPOLLET) || event->events & EPOLLONESHOT)
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
	struct edge *e = edge_of(fd, -1);
	struct epoll_event event;
	int saved = errno;

	if (!e)
		return;
	event = e->event;
	syscall(SYS_epoll_ctl, e->epoll, EPOLL_CTL_MOD, fd, &event);
	errno = saved;
}
