/* SPDX-License-Identifier: MIT */
/*
 * unix-dgram: datagrams between names in the file system. Who wants an answer needs a name too, so every client has a
 * socket file of its own. Linux loses, doubles and reorders none of them: a full receiver makes the sender wait. The
 * standard does not promise that, so the conversation is ready for loss all the same.
 *
 * Everybody receives through the socket that has a name, and sends through one without, for each receiver another:
 * connect() looks the receiver's name up in the file system once, where sendto() would do it for every datagram. It
 * makes no connection; nobody is asked.
 *
 * The server: remove the old socket, socket(), name it, bind(), recv(), socket(), connect() to the client, send(),
 * close the sockets, remove the one that has a name, exit. The client does the same with its own name, and sends first.
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/str.h"
#include "core/base/banned.h"

enum { UNDER_WAY = 4 };	/* less than the shortest queue of a socket (net.unix.max_dgram_qlen may be as low as 10) */

/* A socket that sends to one name. */
struct way {
	int socket;		/* -1: none, */
	int why;		/* for this errno */
	uint32_t session;	/* the process that it leads to */
};

struct dgram_link {
	struct link link;
	const struct ref_options *o;
	int socket;		/* has our name: receives */
	struct way *ways;	/* a server's: to the clients, by id; a client's: one, to the server */
	uint32_t n_ways;
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

	if (!mistake(OLD_NAME_KEPT) && unlink(address->sun_path) < 0 && errno != ENOENT)
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

/* A socket whose datagrams all go to one name. -1: errno says why not. */
static int socket_to(const struct ref_options *o, const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 || patience_set(fd, o))) {
		int why = errno;

		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

static void way_close(struct way *w)
{
	if (w->socket >= 0)
		close(w->socket);
	w->socket = -1;
}

/* The way to a receiver, made if it is not there, or leads to a process that had the name before. */
static struct way *way_to(struct dgram_link *d, uint32_t to, uint32_t session)
{
	struct way *w = &d->ways[d->o->server ? to : 0];

	if (w->socket < 0 || w->session != session) {
		struct sockaddr_un address = address_of(d->o, to);

		way_close(w);
		*w = (struct way){ .socket = socket_to(d->o, &address), .session = session };
		w->why = errno;
	}
	return w;
}

/* One datagram, through the way or, if there is no descriptor left for one, by the receiver's name. */
static ssize_t datagram_write(struct dgram_link *d, const struct way *w, uint32_t to, const struct message *m)
{
	struct sockaddr_un address;

	if (w->socket >= 0)
		return send(w->socket, m, message_size(m), 0);
	errno = w->why;
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return -1;
	address = address_of(d->o, to);
	return sendto(d->socket, m, message_size(m), 0, (const struct sockaddr *)&address, sizeof(address));
}

static enum link_end failure_end(void)
{
	if (errno == EAGAIN || errno == ENOBUFS)
		return LINK_SILENT;
	/* The socket file is not there, nobody has it open, or it was shut down: the receiver has gone. */
	if (errno == ECONNREFUSED || errno == ENOENT || errno == EPIPE || errno == ENOTCONN)
		return LINK_CLOSED;
	say_errno("send");
	return LINK_FAILED;
}

/* One datagram is one message. If the receiver's queue is full the sender waits, but not for ever. */
static enum link_end datagram_send(struct link *l, uint32_t to, const struct message *m)
{
	struct dgram_link *d = (struct dgram_link *)l;
	struct way *w = way_to(d, to, m->session);
	enum link_end end = LINK_OK;
	ssize_t n;

	do
		n = datagram_write(d, w, to, m);
	while (n < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	if (n < 0)
		end = failure_end();
	/* The result is the last thing that a client is told. */
	if ((d->o->server && m->kind == MESSAGE_RESULT) || (end != LINK_OK && end != LINK_SILENT))
		way_close(w);
	return end;
}

static enum link_end datagram_receive(struct link *l, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct dgram_link *d = (struct dgram_link *)l;

	for (;;) {
		/* Waits for a time only (SO_RCVTIMEO); SIGTERM shuts the server's socket down, and that ends it too. */
		ssize_t n = recv(d->socket, m, sizeof(*m), 0);

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
		say_errno("recv");
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
		.n_ways = o->server ? CLIENTS_MAX + 1 : 1,
	};
	d->ways = mem_new(d->n_ways * sizeof(*d->ways));
	for (uint32_t i = 0; i < d->n_ways; i++)
		d->ways[i].socket = -1;
	return patience_set(fd, o) || ((!o->server || o->pattern == PATTERN_FAN_OUT) && retry_set(fd));
}

/* Close the sockets, remove the one that has a name. */
static void link_fini(struct dgram_link *d, const struct sockaddr_un *address)
{
	for (uint32_t i = 0; i < d->n_ways; i++)
		way_close(&d->ways[i]);
	free(d->ways);
	close(d->socket);
	unlink(address->sun_path);
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
		status = serve_link(o, &d.link, false);	/* recv(), send() */
	}
	link_fini(&d, &address);
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
		status = request_link(o, &d.link);	/* send(), recv() */
	link_fini(&d, &address);
	return status;
}

const struct technique technique_unix_dgram = {
	.name = "unix-dgram", .serve = serve, .request = request,
};
