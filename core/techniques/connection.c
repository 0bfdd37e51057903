/* SPDX-License-Identifier: MIT */
/* What all designs share: accept() with everything that may come of it, and the client's side of a connection. */
#include "core/techniques/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/base/banned.h"

int nonblocking_set(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return say_errno("fcntl");
	return 0;
}

static int timeout_set(int fd, int option, int64_t ns)
{
	struct timeval t = { .tv_sec = ns / 1000000000, .tv_usec = ns % 1000000000 / 1000 };

	return setsockopt(fd, SOL_SOCKET, option, &t, sizeof(t)) < 0 ? say_errno("setsockopt") : 0;
}

int patience_set(int fd, const struct ref_options *o)
{
	return timeout_set(fd, SO_RCVTIMEO, patience_ns(o)) || timeout_set(fd, SO_SNDTIMEO, patience_ns(o));
}

int retry_set(int fd)
{
	return timeout_set(fd, SO_RCVTIMEO, RETRY_NS);
}

void back_off(void)
{
	struct timespec t = { .tv_nsec = BACK_OFF_NS };

	nanosleep(&t, NULL);
}

enum accepted client_accept(const struct connection_calls *calls, int master_socket, int *data_socket)
{
	*data_socket = calls->accept(master_socket);
	if (*data_socket >= 0)
		return ACCEPTED;
	if (stop_asked())
		return ACCEPTED_STOP;
	/*
	 * Mistake: accept() also fails for reasons that are the client's, not the server's: it went before it was
	 * accepted (ECONNABORTED), or a signal came. A server that ends then can be ended by any client.
	 */
	if (mistake(DIE_ON_ACCEPT_ERROR) || (errno == EINTR && mistake(NO_EINTR_RETRY))) {
		say_errno("accept");
		return ACCEPTED_FAILED;
	}
	switch (errno) {
	case EINTR:
	case EAGAIN:
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return ACCEPTED_NONE;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		/*
		 * Mistake: the request stays in the queue, so accept() fails again at once, and again, until a
		 * descriptor is closed; meanwhile the server takes all the processor it can get.
		 */
		return mistake(EMFILE_BUSY_LOOP) ? ACCEPTED_NONE : ACCEPTED_FULL;
	default:
		say_errno("accept");
		return ACCEPTED_FAILED;
	}
}

/* ---- stopping a server that waits in accept() or read() ---- */

static volatile sig_atomic_t socket_to_shut = -1;
static void (*set_before)(int);

static void on_term(int number)
{
	int saved = errno;

	if (set_before)
		set_before(number);
	shutdown(socket_to_shut, SHUT_RDWR);
	errno = saved;
}

void stop_shuts_down(int fd)
{
	struct sigaction action, before;
	sigset_t term;

	/* The socket stays shut down, so it does not matter whether the signal comes in the call or just before. */
	socket_to_shut = fd;
	sigaction(SIGTERM, NULL, &before);
	if (before.sa_handler != on_term)
		set_before = before.sa_handler;
	action = before;
	action.sa_handler = on_term;
	sigaction(SIGTERM, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
}

int serve_clients(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	static int (*const designs[N_REF_DESIGNS])(const struct ref_options *, const struct connection_calls *, int) = {
		[DESIGN_ITERATIVE] = serve_iterative, [DESIGN_SELECT] = serve_select, [DESIGN_POLL] = serve_poll,
		[DESIGN_EPOLL] = serve_epoll, [DESIGN_EPOLL_EDGE] = serve_epoll, [DESIGN_FORK] = serve_fork,
		[DESIGN_THREAD] = serve_thread,
	};

	return designs[o->design](o, calls, master_socket);
}

/* ---- the client ---- */

static enum link_end failure_end(const char *what)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return LINK_SILENT;
	if (errno == EPIPE || errno == ECONNRESET)
		return LINK_CLOSED;
	say_errno("%s", what);
	return LINK_FAILED;
}

static enum link_end link_send(struct link *l, uint32_t to, const struct message *m)
{
	struct connection_link *c = (struct connection_link *)l;
	const unsigned char *bytes = (const unsigned char *)m;
	size_t n = message_size(m);

	(void)to;	/* there is only one at the other end of a connection */
	while (n > 0) {
		ssize_t written = c->calls->write(c->socket, bytes, n);

		if (written < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY))
			continue;
		if (written < 0)
			return failure_end("write");
		/* Mistake: write() says how much it took, and nobody listens. */
		if (mistake(SHORT_WRITE))
			written = (ssize_t)n;
		bytes += written;
		n -= (size_t)written;
	}
	return LINK_OK;
}

static enum link_end link_receive(struct link *l, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct connection_link *c = (struct connection_link *)l;

	(void)deadline_ns;	/* the socket has its patience: SO_RCVTIMEO */
	for (;;) {
		enum inbox_state state = inbox_next(&c->in, c->calls->boundaries, m, size);
		ssize_t n;

		if (state == INBOX_MESSAGE)
			return LINK_OK;
		if (state == INBOX_DAMAGED) {
			say("what came makes no sense");
			return LINK_FAILED;
		}
		n = inbox_fill(&c->in, c->calls, c->socket);
		if (n == 0)
			return LINK_CLOSED;
		if (n < 0)
			return failure_end("read");
	}
}

int connection_link_init(struct connection_link *c, const struct ref_options *o, const struct connection_calls *calls,
	int socket)
{
	*c = (struct connection_link){
		.link = { .send = link_send, .receive = link_receive, .under_way = 65536, .most_under_way = 128 },
		.o = o, .calls = calls, .socket = socket,
	};
	inbox_init(&c->in);
	return patience_set(socket, o);
}

void connection_link_fini(struct connection_link *c)
{
	inbox_fini(&c->in);
}
