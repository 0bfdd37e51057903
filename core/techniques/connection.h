/* SPDX-License-Identifier: MIT */
/*
 * Techniques with connections: a *master socket* receives connection-initiation requests; accept() makes a *client
 * handle* (the data socket) of each, which carries the service requests of one client. A technique gives the taught
 * calls; a design decides in which order, and by which process or thread, they are made.
 */
#ifndef CORE_TECHNIQUES_CONNECTION_H
#define CORE_TECHNIQUES_CONNECTION_H

#include <signal.h>
#include <sys/types.h>
#include <time.h>

#include "core/techniques/service.h"

/* The taught calls, as the technique makes them. Each is one system call; errno says why it failed. */
struct connection_calls {
	int (*accept)(int master_socket);
	ssize_t (*read)(int handle, void *bytes, size_t n);
	ssize_t (*write)(int handle, const void *bytes, size_t n);
	bool boundaries;	/* one read() gives exactly what one write() took (SOCK_SEQPACKET) */
};

/* Bytes that came and are not consumed yet: a stream knows nothing of messages. */
struct inbox {
	unsigned char *bytes;	/* room for two messages */
	size_t begin, end;
};
void inbox_init(struct inbox *in);
void inbox_fini(struct inbox *in);
enum inbox_state { INBOX_MESSAGE, INBOX_PART, INBOX_DAMAGED };
/* Takes the next whole message out. INBOX_PART: read more first. */
enum inbox_state inbox_next(struct inbox *in, bool boundaries, struct message *m, size_t *size);
/* One read() into the free room. As read(): > 0, 0 end of file, < 0 errno; EINTR is retried. */
ssize_t inbox_fill(struct inbox *in, const struct connection_calls *calls, int handle);

/*
 * Serves what can be served without waiting: writes what is due, takes whole messages, reads. On a blocking data
 * socket it waits instead, and TURN_READ and TURN_WRITE mean that the patience (SO_RCVTIMEO) is over.
 */
enum turn {
	TURN_MORE,	/* one read was served; there may be more */
	TURN_READ,	/* nothing more to read now */
	TURN_WRITE,	/* the client does not take more now */
	TURN_END,	/* the client has closed its side, between two messages */
	TURN_FAILED,	/* said: the conversation ends here */
};

/* One client of a server: its handle, what came from it and what is still to go to it. */
struct client_handle {
	const struct ref_options *o;
	const struct connection_calls *calls;
	int data_socket;
	struct peer peer;
	struct inbox in;
	struct message *message, *out;	/* out_begin … out_end of *out is still to be written */
	size_t out_begin, out_end;
	enum turn waits;	/* TURN_WRITE: for room; else for something to read */
	bool edge;		/* told only once of what came: read until EAGAIN */
};
struct client_handle *client_handle_new(const struct ref_options *o, const struct connection_calls *calls,
	int data_socket);
/* Ends the conversation and closes the data socket. Returns NULL. */
struct client_handle *client_handle_free(struct client_handle *h);

/* Serves what can be served, as enum turn says. */
enum turn client_handle_turn(struct client_handle *h);
/* Blocking designs: turns until the conversation is over. */
void client_handle_serve(struct client_handle *h);

/* What accept() led to; the same for every design. */
enum accepted {
	ACCEPTED,	/* *data_socket is a new client handle */
	ACCEPTED_NONE,	/* no one there (any more): go on */
	ACCEPTED_FULL,	/* no descriptor or memory left: leave it for BACK_OFF_NS */
	ACCEPTED_STOP,	/* SIGTERM */
	ACCEPTED_FAILED,	/* said: the server cannot go on */
};
#define BACK_OFF_NS (20 * MS)
enum accepted client_accept(const struct connection_calls *calls, int master_socket, int *data_socket);
/* Waits for BACK_OFF_NS, or until a descriptor is free; a signal may end it early. */
void back_off(void);

/* Multiplexing designs: all client handles of one process. */
struct client_table {
	const struct ref_options *o;
	const struct connection_calls *calls;
	int master_socket;
	struct client_handle *handles[CLIENTS_MAX];
	size_t n;
	int64_t master_rests_ns;	/* until then the master socket is left alone; 0: it is not */
	sigset_t while_waiting;		/* the signal mask that lets SIGTERM in */
};
/* 0, or 1 (said). The master socket is made non-blocking. */
int client_table_init(struct client_table *t, const struct ref_options *o, const struct connection_calls *calls,
	int master_socket);
void client_table_fini(struct client_table *t);
/* Is the master socket to be watched now? */
bool client_table_accepts(struct client_table *t);
/* How long to wait at most: NULL for ever, else *timeout until the master socket has rested. */
struct timespec *client_table_timeout(const struct client_table *t, struct timespec *timeout);
/* A connection-initiation request is there: accepts it. *h is the new handle, or NULL. 0, or 1: the server must end. */
int client_table_accept(struct client_table *t, struct client_handle **h);
/* The mistake BLOCKING_ACCEPT: calls accept() once more after it has given h, though nobody said that it may. */
bool client_table_accepts_on(const struct client_handle *h);
/* A service request is there, or room to write: one turn. True: the client is still there. */
bool client_table_turn(struct client_table *t, struct client_handle *h);
/* A wait failed: 0 go on (EINTR), 1 said. */
int wait_failed(const char *call);

/* Descriptor flags. 0, or 1 (said). */
int nonblocking_set(int fd);
int patience_set(int fd, const struct ref_options *o);	/* SO_RCVTIMEO and SO_SNDTIMEO */
int retry_set(int fd);					/* SO_RCVTIMEO of RETRY_NS */

/*
 * Blocking designs: SIGTERM also shuts this socket down, so that a blocked accept() or read() returns. The socket must
 * not be closed while the process can still be told to stop.
 */
void stop_shuts_down(int fd);

/* The designs: they serve until SIGTERM. The master socket stays the caller's. Exit status. */
int serve_clients(const struct ref_options *o, const struct connection_calls *calls, int master_socket);
int serve_iterative(const struct ref_options *o, const struct connection_calls *calls, int master_socket);
int serve_select(const struct ref_options *o, const struct connection_calls *calls, int master_socket);
int serve_poll(const struct ref_options *o, const struct connection_calls *calls, int master_socket);
int serve_epoll(const struct ref_options *o, const struct connection_calls *calls, int master_socket);
int serve_fork(const struct ref_options *o, const struct connection_calls *calls, int master_socket);
int serve_thread(const struct ref_options *o, const struct connection_calls *calls, int master_socket);

/* A client's link over its connected socket. connection_link_fini() leaves the socket to its owner. */
struct connection_link {
	struct link link;
	const struct ref_options *o;
	const struct connection_calls *calls;
	int socket;
	struct inbox in;
};
int connection_link_init(struct connection_link *c, const struct ref_options *o, const struct connection_calls *calls,
	int socket);
void connection_link_fini(struct connection_link *c);

#endif
