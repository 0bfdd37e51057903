/* SPDX-License-Identifier: MIT */
/*
 * tcp: a stream socket with an address and a port.
 *
 * The server: socket(), name it (address and port), bind(), listen(), accept(), read(), write(), close the data
 * socket, close the connection socket, exit. There is nothing to remove: the port goes with the socket. The client:
 * socket(), connect(), write(), read(), close the data socket, exit.
 */
#include "core/techniques/connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/include/sabot.h"
#include "core/base/banned.h"

enum { BACKLOG = 64 };

/* Name the socket. */
static struct sockaddr_in address_of(const struct ref_options *o)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port),
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
}

/* Small messages go at once, and not when the answer to the one before has come (Nagle). */
static int delay_set_off(int data_socket)
{
	int on = 1;

	return setsockopt(data_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Makes the master socket, which will receive the connection-initiation requests. -1: said. */
static int master_open(const struct sockaddr_in *address)
{
	int on = 1, master_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (master_socket < 0) {
		say_errno("socket");
		return -1;
	}
	/* A server that has just ended leaves connections in TIME_WAIT, and bind() would fail for a minute. */
	if (setsockopt(master_socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) {
		say_errno("setsockopt");
	} else if (bind(master_socket, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		say_errno("bind 127.0.0.1:%d", ntohs(address->sin_port));
	} else if (listen(master_socket, BACKLOG) < 0) {
		say_errno("listen");
	} else {
		sabot_became("listening");
		return master_socket;
	}
	close(master_socket);
	return -1;
}

/* accept() makes the client handle (data socket) of a connection-initiation request. */
static int client_accept_one(int master_socket)
{
	int data_socket = accept4(master_socket, NULL, NULL, SOCK_CLOEXEC);

	if (data_socket >= 0 && delay_set_off(data_socket) < 0) {
		int saved = errno;

		close(data_socket);
		errno = saved;
		return -1;
	}
	return data_socket;
}

static ssize_t bytes_read(int data_socket, void *bytes, size_t n)
{
	return read(data_socket, bytes, n);
}

static ssize_t bytes_write(int data_socket, const void *bytes, size_t n)
{
	return write(data_socket, bytes, n);
}

static const struct connection_calls calls = {
	.accept = client_accept_one, .read = bytes_read, .write = bytes_write,
};

static int serve(const struct ref_options *o)
{
	struct sockaddr_in address = address_of(o);
	int master_socket = master_open(&address);
	int status;

	if (master_socket < 0)
		return 1;
	server_ready();
	status = serve_clients(o, &calls, master_socket);	/* accept(), read(), write(), close the data socket */
	close(master_socket);					/* close the connection socket */
	return status;
}

/* An interrupted connect() goes on by itself: wait until it is through, and ask how it went. */
static int connect_wait(int data_socket)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (wait_for(data_socket, POLLOUT, now_ns() + PATIENCE_NS) != LINK_OK) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (getsockopt(data_socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -1;
	errno = error;
	return error ? -1 : 0;
}

static int server_connect(int data_socket, const struct sockaddr_in *address)
{
	int r = connect(data_socket, (const struct sockaddr *)address, sizeof(*address));

	/*
	 * Mistake: called again, connect() says EALREADY while the connection is being made and EISCONN when it is
	 * there; taken for failures, they end a client that is connected.
	 */
	while (r < 0 && errno == EINTR && mistake(CONNECT_RETRIED_AFTER_EINTR))
		r = connect(data_socket, (const struct sockaddr *)address, sizeof(*address));
	if (r < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY))
		r = connect_wait(data_socket);
	if (r < 0)
		return say_errno("connect 127.0.0.1:%d", ntohs(address->sin_port));
	sabot_became("connected");
	return delay_set_off(data_socket) < 0 ? say_errno("setsockopt") : 0;
}

static int request(const struct ref_options *o)
{
	struct sockaddr_in address = address_of(o);
	struct connection_link link;
	int data_socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int status;

	if (data_socket < 0)
		return say_errno("socket");
	status = connection_link_init(&link, o, &calls, data_socket);
	if (status == 0)
		status = server_connect(data_socket, &address);
	if (status == 0)
		status = request_link(o, &link.link);	/* write(), read() */
	connection_link_fini(&link);
	close(data_socket);				/* close the data socket */
	return status;
}

const struct technique technique_tcp = {
	.name = "tcp", .serve = serve, .request = request,
};
