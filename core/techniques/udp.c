/* SPDX-License-Identifier: MIT */
/*
 * udp: datagrams to an address and a port. There is no connection: the server has one socket for everybody, and
 * answers to where a datagram came from. A datagram arrives whole or not at all, once or twice, early or late; what
 * has to be right in spite of that is the business of the conversation (numbers, acknowledgements, sending again).
 *
 * The server: socket(), name it, bind(), recvfrom(), sendto(), close the socket, exit. The client: socket(),
 * connect() (which only notes where to send to, and lets errors be told), send(), recv(), close the socket, exit.
 */
#include "core/techniques/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/str.h"
#include "core/base/banned.h"

enum { LARGEST = 65507 - MESSAGE_HEADER };	/* an IPv4 packet of 65,535 bytes without its headers */

struct udp_link {
	struct link link;
	const struct ref_options *o;
	int socket;
	struct sockaddr_in *clients;	/* the server: where the clients are, by id; a port of 0: not known */
};

/* Name the socket. */
static struct sockaddr_in address_of(const struct ref_options *o)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
}

static enum link_end failure_end(const char *what)
{
	if (errno == ECONNREFUSED)	/* the host at the other end said that nobody has the port */
		return LINK_CLOSED;
	say_errno("%s", what);
	return LINK_FAILED;
}

/* One datagram is one message: there is no such thing as a half of it. */
static enum link_end datagram_send(struct link *l, uint32_t to, const struct message *m)
{
	struct udp_link *u = (struct udp_link *)l;
	const struct sockaddr_in *address = u->clients && to <= CLIENTS_MAX ? &u->clients[to] : NULL;
	ssize_t n;

	do
		n = sendto(u->socket, m, message_size(m), 0, (const struct sockaddr *)address,
			address ? sizeof(*address) : 0);
	while (n < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	/* No room for it now: that is a lost datagram like any other, and is sent again like any other. */
	if (n < 0 && (errno == ENOBUFS || errno == EAGAIN))
		return LINK_OK;
	/* The client has gone; a socket for everybody does not end with it. */
	if (n < 0 && address && errno == ECONNREFUSED)
		return LINK_OK;
	return n < 0 ? failure_end("sendto") : LINK_OK;
}

static enum link_end datagram_receive(struct link *l, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct udp_link *u = (struct udp_link *)l;

	for (;;) {
		struct sockaddr_in from = { .sin_port = 0 };
		socklen_t length = sizeof(from);
		/* Waits for a time only (SO_RCVTIMEO); SIGTERM shuts the server's socket down, and that ends it too. */
		ssize_t n = recvfrom(u->socket, m, sizeof(*m), 0, (struct sockaddr *)&from, &length);

		if (stop_asked())
			return LINK_STOPPED;
		if (n < 0 && errno == ECONNREFUSED && u->clients)
			continue;	/* a client that has gone */
		if (n < 0 && errno == EAGAIN && deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
		if (n < 0 && (errno == EAGAIN || (errno == EINTR && !mistake(NO_EINTR_RETRY))))
			continue;
		if (n < 0)
			return failure_end("recvfrom");
		*size = (size_t)n;
		if (u->clients && *size >= MESSAGE_HEADER && m->sender <= CLIENTS_MAX)
			u->clients[m->sender] = from;
		return LINK_OK;
	}
}

static void link_init(struct udp_link *u, const struct ref_options *o, int fd)
{
	*u = (struct udp_link){
		.link = { .send = datagram_send, .receive = datagram_receive, .lossy = true, .largest = LARGEST },
		.o = o, .socket = fd,
	};
}

static int serve(const struct ref_options *o)
{
	struct sockaddr_in address = address_of(o);
	int status, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct udp_link u;

	if (fd < 0)
		return say_errno("socket");
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return say_errno("bind 127.0.0.1:%d", o->port);
	}
	link_init(&u, o, fd);
	u.clients = mem_new((CLIENTS_MAX + 1) * sizeof(*u.clients));
	status = o->pattern == PATTERN_FAN_OUT && retry_set(fd);	/* something may have to be sent again */
	if (status == 0) {
		stop_shuts_down(fd);
		server_ready();
		status = serve_link(o, &u.link, false);	/* recvfrom(), sendto() */
	}
	free(u.clients);
	close(fd);				/* close the socket */
	return status;
}

static int request(const struct ref_options *o)
{
	struct sockaddr_in address = address_of(o);
	int status = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct udp_link u;

	if (fd < 0)
		return say_errno("socket");
	link_init(&u, o, fd);
	if (retry_set(fd))
		status = 1;
	else if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		status = say_errno("connect");
	if (status == 0)
		status = request_link(o, &u.link);	/* send(), recv() */
	close(fd);					/* close the socket */
	return status;
}

const struct technique technique_udp = {
	.name = "udp", .serve = serve, .request = request,
};
