/* SPDX-License-Identifier: MIT */
/*
 * unix-seqpacket: connected as a stream is, but every write() is one message and every read() gives one.
 *
 * The server: remove the old socket, socket(), name it, bind(), listen(), accept(), read(), write(), close the data
 * socket, close the connection socket, remove the socket, exit. The client: socket(), connect(), write(), read(),
 * close the data socket, exit.
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/include/sabot.h"
#include "core/base/banned.h"

enum { BACKLOG = 64 };

/* Name the socket. */
static struct sockaddr_un address_of(const struct ref_options *o)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	path_of(o, "seqpacket.sock", 0, address.sun_path, sizeof(address.sun_path));
	return address;
}

/* Makes the master socket, which will receive the connection-initiation requests. -1: said. */
static int master_open(const struct sockaddr_un *address)
{
	int master_socket;

	/* Remove the old socket: a server that was killed has left its name behind, and bind() would fail. */
	if (!mistake(OLD_NAME_KEPT) && unlink(address->sun_path) < 0 && errno != ENOENT)
		say_errno("unlink %s", address->sun_path);
	master_socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (master_socket < 0) {
		say_errno("socket");
		return -1;
	}
	if (bind(master_socket, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		say_errno("bind %s", address->sun_path);
	} else if (listen(master_socket, BACKLOG) < 0) {
		say_errno("listen");
		unlink(address->sun_path);
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
	return accept4(master_socket, NULL, NULL, SOCK_CLOEXEC);
}

static ssize_t message_read(int data_socket, void *bytes, size_t n)
{
	return read(data_socket, bytes, n);
}

static ssize_t message_write(int data_socket, const void *bytes, size_t n)
{
	return write(data_socket, bytes, n);
}

static const struct connection_calls calls = {
	.accept = client_accept_one, .read = message_read, .write = message_write, .boundaries = true,
};

static int serve(const struct ref_options *o)
{
	struct sockaddr_un address = address_of(o);
	int master_socket = master_open(&address);
	int status;

	if (master_socket < 0)
		return 1;
	server_ready();
	status = serve_clients(o, &calls, master_socket);	/* accept(), read(), write(), close the data socket */
	close(master_socket);					/* close the connection socket */
	unlink(address.sun_path);				/* remove the socket */
	return status;
}

/* Interrupted, connect() has done nothing here (the server's queue was full), and is made again. */
static int server_connect(int data_socket, const struct sockaddr_un *address)
{
	int r;

	do
		r = connect(data_socket, (const struct sockaddr *)address, sizeof(*address));
	while (r < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	if (r < 0 && errno != EISCONN)
		return say_errno("connect %s", address->sun_path);
	sabot_became("connected");
	return 0;
}

static int request(const struct ref_options *o)
{
	struct sockaddr_un address = address_of(o);
	struct connection_link link;
	int data_socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
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

const struct technique technique_unix_seqpacket = {
	.name = "unix-seqpacket", .serve = serve, .request = request,
};
