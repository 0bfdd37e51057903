/* SPDX-License-Identifier: MIT */
/*
 * The six sockets. place.variant: 1 the sender of datagrams has an address of its own (bind), 2 it is connected, so
 * that the kernel may tell it about errors.
 */
#include "core/techniques/probes/link.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/techniques/probes/links.h"
#include "core/base/banned.h"

enum { BACKLOG = 16, TIMED_SECONDS = 30 };

struct address {
	struct sockaddr_storage a;
	socklen_t size;
};

static bool is_inet(const struct end *e)
{
	return e->link == &link_tcp || e->link == &link_udp;
}

static int type_of(const struct link *l)
{
	if (l == &link_unix_seqpacket)
		return SOCK_SEQPACKET;
	return l == &link_unix_dgram || l == &link_udp ? SOCK_DGRAM : SOCK_STREAM;
}

static void address_of(const struct end *e, const char *suffix, struct address *to)
{
	memset(to, 0, sizeof(*to));
	if (is_inet(e)) {
		struct sockaddr_in *in = (struct sockaddr_in *)&to->a;

		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = htons((uint16_t)e->place->port);
		to->size = sizeof(*in);
	} else {
		struct sockaddr_un *un = (struct sockaddr_un *)&to->a;

		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%.90s%.12s", e->place->path, suffix);
		to->size = sizeof(*un);
	}
}

static int socket_new(const struct end *e)
{
	int fd = socket(is_inet(e) ? AF_INET : AF_UNIX, type_of(e->link) | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int make_nothing(struct place *p)
{
	(void)p;
	return 0;
}

static void destroy_path(struct place *p)
{
	char mine[112];

	unlink(p->path);
	snprintf(mine, sizeof(mine), "%s.me", p->path);
	unlink(mine);
}

static void destroy_nothing(struct place *p)
{
	(void)p;
}

/* Name the socket: the path of one that died stands in the way of the next, a port is the kernel's choice. */
static int socket_bind(struct end *e, const char *suffix)
{
	struct address a;
	int fd = socket_new(e), one = 1;

	if (fd < 0)
		return fd;
	address_of(e, suffix, &a);
	if (is_inet(e))
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (is_inet(e) && !e->receives)
		((struct sockaddr_in *)&a.a)->sin_port = 0;
	if (!is_inet(e))
		unlink(((struct sockaddr_un *)&a.a)->sun_path);
	if (bind(fd, (struct sockaddr *)&a.a, a.size))
		return -errno;
	if (is_inet(e) && e->receives) {
		getsockname(fd, (struct sockaddr *)&a.a, &a.size);
		e->place->port = ntohs(((struct sockaddr_in *)&a.a)->sin_port);
	}
	return fd;
}

static int listen_receiver(struct end *e)
{
	int fd = socket_bind(e, "");

	if (fd < 0)
		return fd;
	e->listener = fd;
	return listen(fd, e->place->backlog ? e->place->backlog : BACKLOG) ? -errno : 0;
}

static int connect_sender(struct end *e)
{
	struct address a;
	int fd = socket_new(e), result = 0, one = 1;

	if (fd < 0)
		return fd;
	e->fd = fd;
	address_of(e, "", &a);
	if (e->wish == WISH_ALONE)
		return 0;
	if (e->link == &link_tcp) /* else many small messages wait for the reader's delayed acknowledgement */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (e->wish == WISH_NO_WAIT)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&a.a, a.size))
		result = -errno;
	return result;
}

static int socket_accept(struct end *e, unsigned flags)
{
	int fd;

	fcntl(e->listener, F_SETFL, flags & PARCEL_DONTWAIT ? O_NONBLOCK : 0);
	fd = accept4(e->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	e->connections[e->n_connections++] = e->fd = fd;
	return fd;
}

static ssize_t socket_send(struct end *e, const struct parcel *p)
{
	int fd = e->n_connections > 0 ? e->connections[p->connection] : e->fd;
	ssize_t n;

	n = send(fd, p->bytes, p->n, p->flags & PARCEL_DONTWAIT ? MSG_DONTWAIT : 0);
	return n < 0 ? -errno : n;
}

static ssize_t socket_receive(struct end *e, struct parcel *p)
{
	struct timeval wait = { .tv_sec = p->flags & PARCEL_TIMED ? TIMED_SECONDS : 0 };
	struct iovec v = { .iov_base = p->bytes, .iov_len = p->n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_name = e->back, .msg_namelen = sizeof(e->back) };
	int fd = e->n_connections > 0 ? e->connections[p->connection] : e->fd;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	n = recvmsg(fd, &m, p->flags & PARCEL_DONTWAIT ? MSG_DONTWAIT : 0);
	if (n < 0)
		return -errno;
	e->back_size = m.msg_namelen;
	p->truncated = (m.msg_flags & MSG_TRUNC) != 0;
	return n;
}

static int datagram_receiver(struct end *e)
{
	int fd = socket_bind(e, "");

	if (fd < 0)
		return fd;
	e->fd = fd;
	return 0;
}

static int datagram_sender(struct end *e)
{
	int fd = e->place->variant & 1 ? socket_bind(e, ".me") : socket_new(e);
	struct address a;

	if (fd < 0)
		return fd;
	e->fd = fd;
	address_of(e, "", &a);
	if (e->place->variant & 2)
		return connect(fd, (struct sockaddr *)&a.a, a.size) ? -errno : 0;
	return 0;
}

static ssize_t datagram_send(struct end *e, const struct parcel *p)
{
	int flags = p->flags & PARCEL_DONTWAIT ? MSG_DONTWAIT : 0;
	struct address a;
	ssize_t n;

	address_of(e, "", &a);
	if (e->receives) /* the way back: to whoever sent last */
		n = sendto(e->fd, p->bytes, p->n, flags, (struct sockaddr *)e->back, e->back_size);
	else if (e->place->variant & 2)
		n = send(e->fd, p->bytes, p->n, flags);
	else
		n = sendto(e->fd, p->bytes, p->n, flags, (struct sockaddr *)&a.a, a.size);
	return n < 0 ? -errno : n;
}

static int socketpair_make(struct place *p)
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->fds) ? -errno : 0;
}

static int socketpair_end(struct end *e)
{
	e->fd = e->place->fds[!e->receives];
	return close(e->place->fds[e->receives]) ? -errno : 0;
}

#define SOCKET(name_, title, make_, receiver_, sender_, accept_, send_, destroy_) \
	const struct link name_ = { \
		.name = title, \
		.traits = LINK_SOCKET, \
		.bytes = SIZE_MAX, \
		.n_classes = 1, \
		.make = make_, \
		.receiver = receiver_, \
		.sender = sender_, \
		.accept = accept_, \
		.send = send_, \
		.receive = socket_receive, \
		.destroy = destroy_, \
		.reach = receiver_ == socketpair_end ? REACH_BY_ENDS : REACH_BY_NAME, \
	}

SOCKET(link_unix_stream, "unix-stream", make_nothing, listen_receiver, connect_sender, socket_accept, socket_send,
	destroy_path);
SOCKET(link_unix_seqpacket, "unix-seqpacket", make_nothing, listen_receiver, connect_sender, socket_accept, socket_send,
	destroy_path);
SOCKET(link_tcp, "tcp", make_nothing, listen_receiver, connect_sender, socket_accept, socket_send, destroy_nothing);
SOCKET(link_unix_dgram, "unix-dgram", make_nothing, datagram_receiver, datagram_sender, NULL, datagram_send,
	destroy_path);
SOCKET(link_udp, "udp", make_nothing, datagram_receiver, datagram_sender, NULL, datagram_send, destroy_nothing);
SOCKET(link_socketpair, "socketpair", socketpair_make, socketpair_end, socketpair_end, NULL, socket_send,
	destroy_nothing);
