/* SPDX-License-Identifier: MIT */
/* Which IPC object a descriptor is, and who is at its other end. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/base/rng.h"

#define PAIRING_NS 50000000u	/* how long an accept looks for the connect that it answers */
#define MQUEUE_MAGIC 0x19800202
#define PIPEFS_MAGIC 0x50495045

enum { PTS_MAJOR_FIRST = 136, PTS_MAJOR_LAST = 143 };

/* Object index + 1 of a descriptor, NOT_IPC, or 0: not looked up yet. Inherited by fork like the descriptors. */
int32_t fd_table[FD_TABLE];

struct object *object_at(uint32_t object)
{
	return object ? &arena->objects[object - 1] : NULL;
}

bool object_is_datagram(uint32_t kind)
{
	return kind == OBJ_UNIX_DGRAM || kind == OBJ_UDP || kind == OBJ_UNIX_SEQPACKET || kind == OBJ_POSIX_MQ ||
		kind == OBJ_SYSV_MQ || kind == OBJ_NETLINK;
}

bool object_is_stream(uint32_t kind)
{
	return kind == OBJ_UNIX_STREAM || kind == OBJ_TCP || kind == OBJ_PIPE || kind == OBJ_FIFO || kind == OBJ_PTY;
}

uint64_t address_hash(const void *address, uint32_t length)
{
	const struct sockaddr *sa = address;

	if (!sa || length < sizeof(sa->sa_family))
		return 0;
	if (sa->sa_family == AF_UNIX) {
		const struct sockaddr_un *un = address;
		uint32_t n = length - (uint32_t)offsetof(struct sockaddr_un, sun_path);

		if (length <= offsetof(struct sockaddr_un, sun_path))
			return 0;
		if (un->sun_path[0])
			n = (uint32_t)strnlen(un->sun_path, n);
		return hash_bytes(un->sun_path, n);
	}
	if (sa->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = address;
		uint32_t ip = ntohl(in->sin_addr.s_addr);

		if (ip >> 24 == 127)
			ip = 0;	/* this host, as INADDR_ANY is */
		return rng_mix(((uint64_t)ip << 16 | in->sin_port) + 1);
	}
	if (sa->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *in = address;
		uint32_t ip = 0;

		if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
			memcpy(&ip, &in->sin6_addr.s6_addr[12], sizeof(ip));
			ip = ntohl(ip);
			if (ip >> 24 == 127)
				ip = 0;
		} else if (!IN6_IS_ADDR_LOOPBACK(&in->sin6_addr) && !IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr)) {
			ip = (uint32_t)hash_bytes(&in->sin6_addr, sizeof(in->sin6_addr));
		}
		return rng_mix(((uint64_t)ip << 16 | in->sin6_port) + 1);
	}
	return hash_bytes(address, length);
}

char *number_put(char *to, char *end, uint64_t n)
{
	char digits[20];
	int i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while ((n /= 10));
	while (i && to < end)
		*to++ = digits[--i];
	return to;
}

/* "/run/x.sock", "@abstract", "127.0.0.1:80" without stdio. */
void address_name(const void *address, uint32_t length, char *name, size_t size)
{
	const struct sockaddr_storage *sa = address;
	char *end = name + size - 1, *p = name;

	*name = '\0';
	if (length < sizeof(sa->ss_family))
		return;
	if (sa->ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const void *)sa;
		size_t n = length > offsetof(struct sockaddr_un, sun_path)
				   ? length - offsetof(struct sockaddr_un, sun_path)
				   : 0;

		for (size_t i = 0; i < n && p < end; i++) {
			if (!un->sun_path[i] && i)
				break;
			*p++ = un->sun_path[i] ? un->sun_path[i] : '@';
		}
	} else if (sa->ss_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
		const struct sockaddr_in *in = (const void *)sa;
		uint32_t ip = ntohl(in->sin_addr.s_addr);

		for (int shift = 24; shift >= 0; shift -= 8) {
			p = number_put(p, end, ip >> shift & 255);
			if (p < end)
				*p++ = shift ? '.' : ':';
		}
		p = number_put(p, end, ntohs(in->sin_port));
	} else if (sa->ss_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
		const struct sockaddr_in6 *in = (const void *)sa;

		text_copy(p, (size_t)(end - p), "[ipv6]:");
		p = number_put(p + strlen(p), end, ntohs(in->sin6_port));
	}
	*p = '\0';
}

/* Places like arena->objects are claimed by counting up and never given back before the run ends. 0: full. */
static uint32_t object_new(uint32_t kind, uint64_t key)
{
	uint32_t i = atomic_fetch_add(&arena->n_objects, 1);
	struct object *o;

	if (i >= ARENA_OBJECTS) {
		atomic_store(&arena->n_objects, ARENA_OBJECTS);
		atomic_fetch_add(&arena->lost, 1);	/* what is done with it will not be seen: say so */
		return 0;
	}
	o = &arena->objects[i];
	o->kind = kind;
	atomic_store(&o->flags, 0);
	o->proc = self->proc;
	o->key = key;
	o->local = o->remote = 0;
	atomic_store(&o->peer, 0);
	atomic_store(&o->peer_proc, 0);
	o->ordinal = 0;
	o->type = 0;
	atomic_store(&o->patience_ms, 0);
	o->made = tick_now();
	o->name[0] = '\0';
	return i + 1;
}

static uint32_t object_lookup(uint32_t kind, uint64_t key)
{
	uint32_t n = arena_n_objects(arena);

	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &arena->objects[i];

		if (o->key == key && atomic_load(&o->state) == 2 && (kind == OBJ_NONE || o->kind == kind))
			return i + 1;
	}
	return 0;
}

/* Who connects means the role, whichever of its processes takes the connection; who accepts sees one process. */
static bool same_peer(uint32_t one, uint32_t two, bool connects)
{
	const struct proc *a = &arena->procs[one - 1], *b = &arena->procs[two - 1];

	return connects ? a->role == b->role : strcmp(a->name, b->name) == 0;
}

/* How many objects like this one its process had before, plus one. */
static uint32_t ordinal_of(const struct object *o, uint32_t flag)
{
	uint32_t n = arena_n_objects(arena), ordinal = 1;

	for (uint32_t i = 0; i < n && &arena->objects[i] != o; i++) {
		const struct object *other = &arena->objects[i];
		uint32_t a = atomic_load(&other->peer_proc), b = atomic_load(&o->peer_proc);

		if (other->kind == o->kind && other->proc == o->proc &&
			!(atomic_load(&other->flags) & OBF_STANDARD) && (!flag || atomic_load(&other->flags) & flag) &&
			(!flag || (a && b && same_peer(a, b, flag != OBF_ACCEPTED))))
			ordinal++;
	}
	return ordinal;
}

/* Things without an address are called after who made them: "server:pipe#2". */
static void name_after_maker(struct object *o, const char *what)
{
	char *end = o->name + sizeof(o->name) - 1, *p;

	text_copy(o->name, sizeof(o->name), arena->procs[o->proc].name);
	p = o->name + strlen(o->name);
	text_copy(p, (size_t)(end - p), what);
	p += strlen(p);
	*number_put(p, end, o->ordinal) = '\0';
}

uint32_t object_of_key(uint32_t kind, uint64_t key, const char *name)
{
	uint32_t object = object_lookup(kind, key);
	struct object *o;

	if (object)
		return object;
	object = object_new(kind, key);
	if (!object)
		return 0;
	o = object_at(object);
	o->ordinal = ordinal_of(o, 0);
	if (name)
		text_copy(o->name, sizeof(o->name), name);
	else
		name_after_maker(o, kind == OBJ_PIPE	   ? ":pipe#"
				    : kind == OBJ_EVENTFD  ? ":eventfd#"
				    : kind == OBJ_SEM	   ? ":sem#"
				    : kind == OBJ_EPOLL	   ? ":epoll#"
				    : kind == OBJ_SIGNALFD ? ":signalfd#"
							   : ":object#");
	atomic_store(&o->state, 2);
	return object;
}

static uint32_t socket_kind(int domain, int type)
{
	if (domain == AF_UNIX)
		return type == SOCK_DGRAM	? OBJ_UNIX_DGRAM
		       : type == SOCK_SEQPACKET ? OBJ_UNIX_SEQPACKET
						: OBJ_UNIX_STREAM;
	if (domain == AF_INET || domain == AF_INET6)
		return type == SOCK_STREAM ? OBJ_TCP : type == SOCK_DGRAM ? OBJ_UDP : OBJ_OTHER;
	return domain == AF_NETLINK ? OBJ_NETLINK : OBJ_OTHER;
}

static int socket_option(int fd, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

static void socket_addresses(int fd, struct object *o)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t length = sizeof(sa);

	if (self->confined & CONFINED_LOOK)
		return;
	if (getsockname(fd, (struct sockaddr *)&sa, &length) == 0) {
		o->local = address_hash(&sa, length);
		address_name(&sa, length, o->name, sizeof(o->name));
	}
	length = sizeof(sa);
	if (getpeername(fd, (struct sockaddr *)&sa, &length) == 0) {
		o->remote = address_hash(&sa, length);
		if (!(atomic_load(&o->flags) & OBF_ACCEPTED) && o->remote)
			address_name(&sa, length, o->name, sizeof(o->name));
	}
}

static uint32_t socket_object(int fd, uint64_t inode)
{
	uint32_t object = object_lookup(OBJ_NONE, inode);
	int type = socket_option(fd, SO_TYPE);
	struct object *o;

	if (object)
		return object;
	object = object_new(socket_kind(socket_option(fd, SO_DOMAIN), type), inode);
	if (!object)
		return 0;
	o = object_at(object);
	o->type = (uint32_t)type;
	if (socket_option(fd, SO_ACCEPTCONN) > 0)
		atomic_fetch_or(&o->flags, OBF_LISTENER);
	socket_addresses(fd, o);
	o->ordinal = ordinal_of(o, 0);
	atomic_store(&o->state, 2);
	return object;
}

static bool fd_link(int fd, char *text, size_t size)
{
	char path[32] = "/proc/self/fd/";
	ssize_t n;

	*number_put(path + strlen(path), path + sizeof(path) - 1, (uint64_t)fd) = '\0';
	n = readlink(path, text, size - 1);
	text[n < 0 ? 0 : n] = '\0';
	return n > 0;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Things that are anonymous to the kernel are known by the descriptor that they were met at. */
static uint32_t anonymous_object(int fd, const char *link)
{
	uint32_t kind = strstr(link, "eventfd") ? OBJ_EVENTFD : strstr(link, "eventpoll") ? OBJ_EPOLL :
		strstr(link, "signalfd") ? OBJ_SIGNALFD : strstr(link, "timerfd") ? OBJ_TIMERFD : OBJ_NONE;

	if (kind == OBJ_NONE)
		return 0;
	return object_of_key(kind, rng_mix(tick_now() ^ (uint64_t)fd << 48 ^ (uint64_t)self->proc << 32), NULL);
}

/* Pseudo-terminals, and the device that makes them. */
static bool is_terminal(dev_t device)
{
	return (major(device) >= PTS_MAJOR_FIRST && major(device) <= PTS_MAJOR_LAST) || device == makedev(5, 2);
}

static uint32_t file_object(int fd, const struct stat *st)
{
	uint64_t key = arena_file_key(st->st_dev, st->st_ino);
	char link[OBJECT_NAME] = "";
	struct statfs fs;

	/* Reading the link costs more than all the rest, so it is left out where it would tell nothing. */
	if (S_ISCHR(st->st_mode) && !is_terminal(st->st_rdev))
		return 0;
	if (S_ISFIFO(st->st_mode) && fd_statfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC)
		return object_of_key(OBJ_PIPE, st->st_ino, NULL);
	if (S_ISREG(st->st_mode) && (st->st_nlink > 0 && fd_statfs(fd, &fs) == 0 && fs.f_type != MQUEUE_MAGIC &&
					    fs.f_type != 0x01021994 /* TMPFS_MAGIC */))
		return 0;
	if (!fd_link(fd, link, sizeof(link)) && !S_ISFIFO(st->st_mode))
		return 0;
	if (S_ISFIFO(st->st_mode))
		return begins(link, "pipe:") || !*link ? object_of_key(OBJ_PIPE, st->st_ino, NULL)
						       : object_of_key(OBJ_FIFO, key, link);
	if (S_ISCHR(st->st_mode))
		return begins(link, "/dev/pts/") || begins(link, "/dev/ptmx") ? object_of_key(OBJ_PTY, key, link) : 0;
	if (S_ISREG(st->st_mode)) {
		if (begins(link, "/memfd:"))
			return object_of_key(OBJ_MEMFD, key, link);
		if (begins(link, "/dev/shm/"))
			return object_of_key(OBJ_POSIX_SHM, key, link);
		return fd_statfs(fd, &fs) == 0 && fs.f_type == MQUEUE_MAGIC
			? object_of_key(OBJ_POSIX_MQ, key, link) : 0;
	}
	return begins(link, "anon_inode:") ? anonymous_object(fd, link) : 0;
}

uint32_t object_of_fd(int fd)
{
	struct stat st;
	uint32_t object;
	int saved;

	if (fd < 0)
		return 0;
	if (likely(fd < FD_TABLE && fd_table[fd]))
		return fd_table[fd] == NOT_IPC ? 0 : (uint32_t)fd_table[fd];
	if (self->confined & CONFINED_LOOK)
		return 0;
	saved = errno;
	object = fd_stat(fd, &st) ? 0 : S_ISSOCK(st.st_mode) ? socket_object(fd, st.st_ino) : file_object(fd, &st);
	if (fd < FD_TABLE && !(errno == EBADF && !object))
		fd_table[fd] = object ? (int32_t)object : NOT_IPC;
	errno = saved;
	return object;
}

void object_forget(int fd)
{
	if (fd >= 0 && fd < FD_TABLE)
		fd_table[fd] = 0;
}

void object_forget_range(unsigned first, unsigned last)
{
	for (unsigned fd = first; fd <= last && fd < FD_TABLE; fd++)
		fd_table[fd] = 0;
}

void object_dup(int from, int to)
{
	/* What the child of vfork moves about before it executes a program stays as it is in its parent. */
	if (borrows_memory())
		return;
	if (from >= 0 && from < FD_TABLE && to >= 0 && to < FD_TABLE)
		fd_table[to] = fd_table[from];
}

void object_pair(int fd0, int fd1, uint32_t kind)
{
	uint32_t a = object_of_fd(fd0), b = object_of_fd(fd1);

	if (!a || !b || a == b)
		return;
	object_at(a)->kind = object_at(b)->kind = kind;
	atomic_store(&object_at(a)->peer, b);
	atomic_store(&object_at(b)->peer, a);
	object_at(a)->ordinal = object_at(b)->ordinal = ordinal_of(object_at(a), 0);
	name_after_maker(object_at(a), ":socketpair#");
	name_after_maker(object_at(b), ":socketpair#");
}

void object_bound(int fd, const void *address, uint32_t length)
{
	struct object *o = object_at(object_of_fd(fd));

	(void)address;
	(void)length;
	if (o)
		socket_addresses(fd, o);
}

void object_listening(int fd)
{
	struct object *o = object_at(object_of_fd(fd));

	if (!o)
		return;
	atomic_fetch_or(&o->flags, OBF_LISTENER);
	socket_addresses(fd, o);
}

/* The process that listens at, or has bound, an address. */
static uint32_t proc_at(uint64_t address, uint32_t kind)
{
	uint32_t n = arena_n_objects(arena);

	for (uint32_t i = n; i-- > 0;) {
		const struct object *o = &arena->objects[i];

		if (o->kind == kind && o->local == address &&
			!(atomic_load(&o->flags) & (OBF_ACCEPTED | OBF_CONNECTED)))
			return o->proc + 1;
	}
	return 0;
}

void object_connecting(int fd, const void *address, uint32_t length)
{
	struct object *o = object_at(object_of_fd(fd));

	if (!o)
		return;
	o->proc = self->proc;
	o->remote = address_hash(address, length);
	o->made = tick_now();
	atomic_store(&o->peer_proc, proc_at(o->remote, o->kind));
	o->ordinal = ordinal_of(o, OBF_CONNECTING | OBF_CONNECTED);
	atomic_fetch_or(&o->flags, OBF_CONNECTING);
}

void object_connected(int fd, bool ok)
{
	struct object *o = object_at(object_of_fd(fd));
	int saved = errno;

	if (!o)
		return;
	if (ok || saved == EINPROGRESS || saved == EINTR || saved == EALREADY || saved == EISCONN) {
		uint64_t remote = o->remote;

		socket_addresses(fd, o);
		o->remote = remote;
		atomic_fetch_or(&o->flags, OBF_CONNECTED);
	} else {
		atomic_fetch_or(&o->flags, OBF_FAILED);
	}
	atomic_fetch_and(&o->flags, ~(uint32_t)OBF_CONNECTING);
	errno = saved;
}

static void pair(uint32_t acceptor, uint32_t connector)
{
	struct object *a = object_at(acceptor), *c = object_at(connector);

	atomic_fetch_or(&c->flags, OBF_CLAIMED);
	atomic_store(&c->peer_proc, a->proc + 1);
	atomic_store(&a->peer_proc, c->proc + 1);
	atomic_store(&c->peer, acceptor);
	atomic_store(&a->peer, connector);
	a->ordinal = ordinal_of(a, OBF_ACCEPTED);
}

/* Of the connects that may be the other end of what was accepted, the oldest. *pending: one has not returned yet. */
static uint32_t connector_find(const struct object *a, uint64_t listener, int32_t pid, bool *pending)
{
	uint32_t n = arena_n_objects(arena), best = 0;
	bool inet = a->kind == OBJ_TCP;

	*pending = false;
	for (uint32_t i = 0; i < n; i++) {
		const struct object *c = &arena->objects[i];
		uint32_t flags = atomic_load(&c->flags);

		if (c->kind != a->kind || flags & (OBF_CLAIMED | OBF_ACCEPTED | OBF_LISTENER | OBF_FAILED) ||
			!(flags & (OBF_CONNECTING | OBF_CONNECTED)))
			continue;
		if (inet ? c->local == a->remote && c->remote == a->local && c->local :
			   c->remote == listener && arena->procs[c->proc].pid == pid) {
			if (!best || c->made < arena->objects[best - 1].made)
				best = i + 1;
		} else if (inet && flags & OBF_CONNECTING && c->remote == a->local) {
			*pending = true;
		}
	}
	return best;
}

void object_accepted(int listener, int fd)
{
	struct ucred peer = { 0 };
	socklen_t length = sizeof(peer);
	uint64_t deadline = now_ns() + PAIRING_NS;
	uint32_t l = object_of_fd(listener), object, found;
	struct object *o;
	bool pending;

	object_forget(fd);
	object = object_of_fd(fd);
	o = object_at(object);
	if (!o)
		return;
	atomic_fetch_or(&o->flags, OBF_ACCEPTED);
	o->proc = self->proc;
	socket_addresses(fd, o);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		peer.pid = 0;
	for (;;) {
		found = connector_find(o, l ? object_at(l)->local : 0, peer.pid, &pending);
		if (found || !pending || now_ns() > deadline)
			break;
		sched_yield();	/* its connect has succeeded in the kernel: it is about to say so */
	}
	if (found)
		pair(object, found);
}

void object_resolve_peer(uint32_t object)
{
	struct object *o = object_at(object);

	if (!atomic_load(&o->peer_proc) && o->remote && !(atomic_load(&o->flags) & OBF_ACCEPTED))
		atomic_store(&o->peer_proc, proc_at(o->remote, o->kind));
}

void object_datagram(uint32_t object, const void *address, uint32_t length)
{
	struct object *o = object_at(object);
	uint32_t at = proc_at(address_hash(address, length), o->kind);

	if (at)
		atomic_store(&o->peer_proc, at);
}
