/* SPDX-License-Identifier: MIT */
/* Descriptors of the services that live on: connections whose other end is gone have been forgotten. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/proc.h"

enum { FDS_MOST = 512 };

/* Has everybody at the other end of it closed? Looks at a duplicate, which it closes. */
static bool other_end_gone(int pidfd, int fd, bool is_socket)
{
	struct pollfd p = { .events = POLLIN | POLLOUT | POLLRDHUP };
	int value = 0, borrowed = pidfd_borrow(pidfd, fd);
	socklen_t size = sizeof(value);
	bool gone = false;

	if (borrowed < 0)
		return false;
	p.fd = borrowed;
	if (is_socket && !getsockopt(borrowed, SOL_SOCKET, SO_TYPE, &value, &size)) {
		struct sockaddr_storage peer;
		socklen_t length = sizeof(peer);
		bool connected = !getpeername(borrowed, (struct sockaddr *)&peer, &length);
		bool unconnected = !connected && errno == ENOTCONN;
		int listening = 0;

		size = sizeof(listening);
		getsockopt(borrowed, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
		/* A TCP connection that was reset has no peer any more, but POLLHUP; a fresh socket has that too. */
		gone = value != SOCK_DGRAM && !listening && poll(&p, 1, 0) == 1 &&
		       (connected ? p.revents & (POLLHUP | POLLRDHUP | POLLERR)
				  : unconnected && p.revents & POLLHUP && p.revents & POLLIN);
	} else if (!is_socket) {
		gone = poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
	}
	close(borrowed);
	return gone;
}

/* Which process was at the other end, from what the injector saw of an object with this inode in this process. */
static const char *who_was(const struct arena *a, uint64_t inode, uint32_t proc)
{
	uint32_t n = a->n_objects < ARENA_OBJECTS ? a->n_objects : ARENA_OBJECTS;

	for (uint32_t i = n; i-- > 0;) {
		const struct object *o = &a->objects[i];

		if (o->state != 2 || o->key != inode || (proc && o->proc != proc - 1))
			continue;
		if (o->peer_proc && o->peer_proc <= ARENA_PROCS)
			return a->procs[o->peer_proc - 1].name;
		if (o->peer && o->peer <= ARENA_OBJECTS && a->objects[o->peer - 1].proc < ARENA_PROCS)
			return a->procs[a->objects[o->peer - 1].proc].name;
	}
	return NULL;
}

/* A strike reset it: the kernel shows a TCP socket like that as one that was never connected. */
static bool was_reset(const struct arena *a, uint64_t inode)
{
	uint32_t n = a->n_objects < ARENA_OBJECTS ? a->n_objects : ARENA_OBJECTS;

	for (uint32_t i = 0; i < n; i++)
		if (a->objects[i].state == 2 && a->objects[i].key == inode && a->objects[i].flags & OBF_RESET)
			return true;
	return false;
}

static bool inode_of(const char *name, const char *prefix, unsigned long long *inode)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) && sscanf(name + n, "[%llu]", inode) == 1;
}

static void leak_report(struct box *box, const struct instance *in, int pid, int fd, bool is_socket, uint64_t inode)
{
	const char *who = who_was(box->arena, inode, arena_proc_of(box->arena, pid));

	if (!is_socket)
		left_add(box->out, LEFT_FD, in->slot + 1, false, "descriptor %d (pipe whose other end is closed)", fd);
	else if (who)
		left_add(box->out, LEFT_FD, in->slot + 1, false, "descriptor %d (connection to %s, which has ended)",
			fd, who);
	else
		left_add(box->out, LEFT_FD, in->slot + 1, false, "descriptor %d (connection whose other end is closed)",
			fd);
}

static uint32_t process_fds(struct box *box, struct instance *in, int pid, bool report)
{
	int fds[FDS_MOST], pidfd, n = proc_descriptors(pid, fds, FDS_MOST);
	uint32_t n_gone = 0;

	if (n < 0)
		return 0;
	if (pid == in->pid)
		in->outcome->fds_at_end = n;
	pidfd = pidfd_of(pid);
	for (int i = 0; pidfd >= 0 && i < n && i < FDS_MOST; i++) {
		char name[128];
		unsigned long long inode;
		bool is_socket;

		/* 0, 1 and 2 came from us. */
		if (fds[i] <= 2 || proc_descriptor_name(pid, fds[i], name, sizeof(name)))
			continue;
		is_socket = inode_of(name, "socket:", &inode);
		if (!is_socket && !inode_of(name, "pipe:", &inode))
			continue;
		if (!other_end_gone(pidfd, fds[i], is_socket) && !(is_socket && was_reset(box->arena, inode)))
			continue;
		n_gone++;
		if (report)
			leak_report(box, in, pid, fds[i], is_socket, inode);
	}
	if (pidfd >= 0)
		close(pidfd);
	return n_gone;
}

uint32_t fds_look(struct box *box, bool report)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];

		if (!in->driver && instance_alive(in))
			n += process_fds(box, in, in->pid, report);
	}
	return n;
}
