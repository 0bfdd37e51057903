/* SPDX-License-Identifier: MIT */
/*
 * unix-dgram: datagrams between names in the file system. Who wants an answer needs a name too, so every client has a
 * socket file of its own. Linux loses, doubles and reorders none of them: a full receiver makes the sender wait. The
 * standard does not promise that, so the conversation is ready for loss all the same.
 *
 * The server: remove the old socket, socket(), name it, bind(), recvfrom(), sendto(), close the socket, remove it,
 * exit. The client does the same with its own name, and sends first.
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/banned.h"

enum { UNDER_WAY = 4 };	/* less than the shortest queue of a socket (net.unix.max_dgram_qlen may be as low as 10) */

struct dgram_link {
	struct link link;
	const struct ref_options *o;
	int socket;
};

/* Name the socket: the server's, or that of a client. */
static struct sockaddr_un address_of(const struct ref_options *o, uint32_t id)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	path_of(o, "dgram.sock", id == SERVER_ID ? 0 : id, address.sun_path, sizeof(address.sun_path));
	return address;
}

/* Remove the old socket, socket(), name it, bind(). -1: said. */
static int socket_open(const struct sockaddr_un *address)
{
	int fd;

	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		say_errno("unlink %s", address->sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		say_errno("socket");
		return -1;
	}
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		say_errno("bind %s", address->sun_path);
		close(fd);
		return -1;
	}
	return fd;
}

/* One datagram is one message. If the receiver's queue is full the sender waits, but not for ever. */
static enum link_end datagram_send(struct link *l, uint32_t to, const struct message *m)
{
	struct dgram_link *d = (struct dgram_link *)l;
	struct sockaddr_un address = address_of(d->o, to);
	ssize_t n;

	do
		n = sendto(d->socket, m, message_size(m), 0, (const struct sockaddr *)&address, sizeof(address));
	while (n < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	if (n >= 0)
		return LINK_OK;
	if (errno == EAGAIN || errno == ENOBUFS)
		return LINK_SILENT;
	/* The socket file is not there, nobody has it open, or it was shut down: the receiver has gone. */
	if (errno == ECONNREFUSED || errno == ENOENT || errno == EPIPE)
		return LINK_CLOSED;
	say_errno("sendto %s", address.sun_path);
	return LINK_FAILED;
}

static enum link_end datagram_receive(struct link *l, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct dgram_link *d = (struct dgram_link *)l;

	for (;;) {
		/* Waits for a time only (SO_RCVTIMEO); SIGTERM shuts the server's socket down, and that ends it too. */
		ssize_t n = recvfrom(d->socket, m, sizeof(*m), 0, NULL, NULL);

		if (stop_asked())
			return LINK_STOPPED;
		if (n >= 0) {
			*size = (size_t)n;
			return LINK_OK;
		}
		if (errno == EAGAIN && deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
		if (errno == EAGAIN || (errno == EINTR && !mistake(NO_EINTR_RETRY)))
			continue;
		say_errno("recvfrom");
		return LINK_FAILED;
	}
}

/* Sending waits for room, but not for ever; receiving for RETRY_NS where something may have to be sent again. */
static int link_init(struct dgram_link *d, const struct ref_options *o, int fd)
{
	*d = (struct dgram_link){
		.link = { .send = datagram_send,
			.receive = datagram_receive,
			.lossy = true,
			.most_under_way = UNDER_WAY },
		.o = o,
		.socket = fd,
	};
	return patience_set(fd, o) || ((!o->server || o->pattern == PATTERN_FAN_OUT) && retry_set(fd));
}

static int serve(const struct ref_options *o)
{
	struct sockaddr_un address = address_of(o, SERVER_ID);
	int status, fd = socket_open(&address);
	struct dgram_link d;

	if (fd < 0)
		return 1;
	status = link_init(&d, o, fd);
	if (status == 0) {
		stop_shuts_down(fd);
		server_ready();
		status = serve_link(o, &d.link, false);	/* recvfrom(), sendto() */
	}
	close(fd);					/* close the socket */
	unlink(address.sun_path);			/* remove the socket */
	return status;
}

static int request(const struct ref_options *o)
{
	struct sockaddr_un address = address_of(o, o->client);
	int status, fd = socket_open(&address);
	struct dgram_link d;

	if (fd < 0)
		return 1;
	status = link_init(&d, o, fd);
	if (status == 0)
		status = request_link(o, &d.link);	/* sendto(), recvfrom() */
	close(fd);					/* close the socket */
	unlink(address.sun_path);			/* remove the socket */
	return status;
}

const struct technique technique_unix_dgram = {
	.name = "unix-dgram", .serve = serve, .request = request,
};
