/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of the services that live on, and of their helpers: connections whose other end is gone have been
 * forgotten, and so has memory of a driver that has ended. Of events it is only counted how many there are of a kind.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/proc.h"

enum { FDS_MOST = 512, FD_NAME = 128 };

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

/* What the injector saw of this inode in this process, the last of it before `end`: index + 1; 0: nothing. */
static uint32_t object_before(const struct arena *a, uint32_t end, uint64_t inode, uint32_t proc)
{
	for (uint32_t i = end; i-- > 0;) {
		const struct object *o = &a->objects[i];

		if (o->state == 2 && o->key == inode && (!proc || o->proc == proc - 1))
			return i + 1;
	}
	return 0;
}

/* Which process was at the other end. */
static const char *who_was(const struct arena *a, uint64_t inode, uint32_t proc)
{
	for (uint32_t i = arena_n_objects(a) + 1; (i = object_before(a, i - 1, inode, proc));) {
		const struct object *o = &a->objects[i - 1];

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
	uint32_t n = arena_n_objects(a);

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

static void leak_report(struct box *box, const struct instance *in, int pid, int fd, bool is_socket, uint64_t inode,
	const char *memory_of)
{
	uint32_t proc = arena_proc_of(box->arena, pid);
	const char *who = who_was(box->arena, inode, proc);
	char what[OUTCOME_TEXT];
	struct left *l;

	if (memory_of)
		snprintf(what, sizeof(what), "memory of %s, which has ended", memory_of);
	else if (!is_socket)
		text_copy(what, sizeof(what), "pipe whose other end is closed");
	else if (who)
		snprintf(what, sizeof(what), "connection to %s, which has ended", who);
	else
		text_copy(what, sizeof(what), "connection whose other end is closed");
	l = left_add(box->out, LEFT_FD, in->slot + 1, false, "descriptor %d (%s)", fd, what);
	if (l && !memory_of)
		l->object = object_before(box->arena, arena_n_objects(box->arena), inode, proc);
}

/* ---- memory ---- */

/*
 * The driver that made the memory behind this descriptor (a memfd, or a segment in /dev/shm). All drivers have ended
 * when this is asked, so nobody can need it any more. NULL: it is something else, or of somebody else.
 */
static const char *driver_of_memory(const struct box *box, int pid, int fd, const char *name)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a);
	char path[64];
	struct stat st;
	uint64_t key;

	if (strncmp(name, "/memfd:", 7) != 0 && strncmp(name, "/dev/shm/", 9) != 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &st))
		return NULL;
	key = arena_file_key(st.st_dev, st.st_ino);
	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &a->objects[i];
		uint32_t slot = o->proc < ARENA_PROCS ? a->procs[o->proc].role : OUTCOME_ROLES;

		if (o->state == 2 && o->key == key && (o->kind == OBJ_MEMFD || o->kind == OBJ_POSIX_SHM))
			return slot < box->n_instances && box->instances[slot].driver ? a->procs[o->proc].name : NULL;
	}
	return NULL;
}

/* ---- counting ---- */

/* What may be counted: only what the injector saw being made, and when. A file may be open twice for good reasons. */
static const struct {
	const char *link, *name;
	uint32_t kind;	/* enum object_kind */
} anonymous[] = {
	{ "anon_inode:[eventfd]", "eventfd", OBJ_EVENTFD },
	{ "anon_inode:[eventpoll]", "epoll", OBJ_EPOLL },
	{ "anon_inode:[signalfd]", "signalfd", OBJ_SIGNALFD },
	{ "anon_inode:[timerfd]", "timerfd", OBJ_TIMERFD },
};

/* When a driver first did anything; 0: none did. */
static uint64_t first_driver_stamp(const struct box *box)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a);
	uint64_t first = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &a->objects[i];
		uint32_t slot = o->proc < ARENA_PROCS ? a->procs[o->proc].role : OUTCOME_ROLES;

		if (o->state == 2 && slot < box->n_instances && box->instances[slot].driver &&
			(!first || o->made < first))
			first = o->made;
	}
	return first;
}

/* How many objects of the kind the process had made before. */
static uint32_t made_before(const struct box *box, uint32_t kind, uint32_t proc_plus_1, uint64_t stamp)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a), made = 0;

	for (uint32_t i = 0; i < n; i++)
		made += a->objects[i].state == 2 && a->objects[i].kind == kind &&
			a->objects[i].proc + 1 == proc_plus_1 && a->objects[i].made < stamp;
	return made;
}

static void grown_set(struct role_outcome *r, uint32_t n, const char *kind)
{
	if (n <= r->fds_grown)
		return;
	r->fds_grown = n;
	text_copy(r->fds_grown_kind, sizeof(r->fds_grown_kind), kind);
}

static void growth_count(struct box *box, struct instance *in, char (*names)[FD_NAME], uint32_t n)
{
	uint64_t stamp = first_driver_stamp(box);
	uint32_t proc = arena_proc_of(box->arena, in->pid);

	in->outcome->fds_grown = 0;
	for (size_t k = 0; stamp && k < sizeof(anonymous) / sizeof(*anonymous); k++) {
		uint32_t open = 0, before = made_before(box, anonymous[k].kind, proc, stamp);

		for (uint32_t i = 0; i < n; i++)
			open += !strcmp(names[i], anonymous[k].link);
		grown_set(in->outcome, open > before ? open - before : 0, anonymous[k].name);
	}
}

/* ---- one process ---- */

static uint32_t process_fds(struct box *box, struct instance *in, int pid, bool report)
{
	int fds[FDS_MOST], pidfd, n = proc_descriptors(pid, fds, FDS_MOST);
	uint32_t n_gone = 0, n_names = 0;
	char names[FDS_MOST][FD_NAME];

	if (n < 0)
		return 0;
	if (pid == in->pid)
		in->outcome->fds_at_end = n;
	pidfd = pidfd_of(pid);
	for (int i = 0; pidfd >= 0 && i < n && i < FDS_MOST; i++) {
		char *name = names[n_names];
		unsigned long long inode = 0;
		const char *memory_of;
		bool is_socket, is_pipe;

		/* 0, 1 and 2 came from us. */
		if (fds[i] <= 2 || proc_descriptor_name(pid, fds[i], name, FD_NAME))
			continue;
		n_names++;
		is_socket = inode_of(name, "socket:", &inode);
		is_pipe = !is_socket && inode_of(name, "pipe:", &inode);
		memory_of = driver_of_memory(box, pid, fds[i], name);
		if (!memory_of && !is_socket && !is_pipe)
			continue;
		if (pid != in->pid && !is_socket)
			continue;	/* what helpers have of each other's pipes is between them */
		if (!memory_of && !other_end_gone(pidfd, fds[i], is_socket) &&
			!(is_socket && was_reset(box->arena, inode)))
			continue;
		n_gone++;
		if (report)
			leak_report(box, in, pid, fds[i], is_socket, inode, memory_of);
	}
	if (pid == in->pid)
		growth_count(box, in, names, n_names);
	if (pidfd >= 0)
		close(pidfd);
	return n_gone;
}

/*
 * A helper: a process of the service that runs another program. It can know nothing of a connection that it was started
 * with, and keeps it open for as long as it lives. A child that was only forked may be the one who serves it.
 */
static bool is_helper_of(const struct box *box, const struct instance *in, int pid)
{
	const struct arena *a = box->arena;
	uint32_t proc = arena_proc_of(a, pid), own = arena_proc_of(a, in->pid);

	return pid != in->pid && proc && own && a->procs[proc - 1].role == in->slot &&
	       a->procs[proc - 1].image != a->procs[own - 1].image;
}

uint32_t fds_look(struct box *box, bool report)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < box->n_instances; i++) {
		struct instance *in = &box->instances[i];

		if (in->driver || !instance_alive(in))
			continue;
		n += process_fds(box, in, in->pid, report);
		for (uint32_t k = 0; k < box->n_tree; k++)
			if (is_helper_of(box, in, box->tree[k]))
				n += process_fds(box, in, box->tree[k], report);
	}
	return n;
}
