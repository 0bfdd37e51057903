/* SPDX-License-Identifier: MIT */
/*
 * memfd: every message lies in memory of its own, which has no name (memfd_create). Its descriptor is handed over a
 * Unix stream socket (SCM_RIGHTS) with a short note that says how long it is. The sender seals the memory first: it
 * can be neither written nor cut short any more, so the receiver may read it at leisure, and can never meet SIGBUS.
 *
 * The steps:
 *   server: remove the old socket, socket(), bind(), listen(), accept(), … recvmsg(), look at size and seals, mmap() …,
 *           close the data socket, close the connection socket, remove the socket
 *   client: socket(), connect(), … memfd_create(), fill, seal, sendmsg(), close …, close the data socket
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/include/sabot.h"
#include "core/base/banned.h"

enum { MEMFD_CLIENTS = 64, BACKLOG = 64, NOTE_MAGIC = 0x5ab0f00d };
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What goes through the socket beside the descriptor. */
struct note {
	uint32_t magic, sender;
	uint64_t size;
};

/* One connection, and the part of a note that has come of it. */
struct handle {
	int data_socket;	/* -1: none */
	uint32_t client;	/* 0: not known yet */
	struct note note;
	size_t have;		/* bytes of the note */
	int passed;		/* the descriptor that came with them; -1: none */
};

struct memfd_link {
	struct link link;
	const struct ref_options *o;
	int master_socket;			/* the server's; -1 */
	struct handle handles[MEMFD_CLIENTS];	/* a client has only the first */
	size_t next;				/* the handle that is looked at first */
	int64_t rests_ns;			/* until then the master socket is left alone */
};

static struct sockaddr_un address;	/* for the handler of SIGTERM */

static void socket_remove(void)
{
	unlink(address.sun_path);
}

static void handle_close(struct handle *h)
{
	if (h->passed >= 0)
		close(h->passed);
	if (h->data_socket >= 0)
		close(h->data_socket);
	*h = (struct handle){ .data_socket = -1, .passed = -1 };
}

/* ---- sending ---- */

/* write() also makes it as long as it must be; a mapping would cost a page fault, and could not be sealed over. */
static int memory_fill(int fd, const struct message *m)
{
	const char *from = (const char *)m;
	size_t left = message_size(m);

	while (left) {
		ssize_t n = write(fd, from, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return say_errno("filling the memory");
		from += n;
		left -= (size_t)n;
	}
	/*
	 * Mistake: not sealed, and the receiver does not ask. Who wrote the memory can cut it short at any moment,
	 * also when the receiver has just looked at its size.
	 */
	if (mistake(SIZE_TRUSTED))
		return 0;
	return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? say_errno("sealing the memory") : 0;
}

static int memory_make(const struct message *m)
{
	int fd = memfd_create("sabot", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		say_errno("memfd_create");
		return -1;
	}
	if (memory_fill(fd, m) == 0)
		return fd;
	close(fd);
	return -1;
}

/* One sendmsg() of what is left of the note; the descriptor goes with its first byte. */
static ssize_t note_send(int data_socket, const struct note *note, size_t at, int fd)
{
	struct iovec part = { .iov_base = (char *)(uintptr_t)note + at, .iov_len = sizeof(*note) - at };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (at == 0) {
		struct cmsghdr *c;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(data_socket, &message, MSG_NOSIGNAL);
}

static enum link_end note_send_all(int data_socket, const struct note *note, int fd)
{
	int64_t deadline_ns = now_ns() + PATIENCE_NS;

	for (size_t at = 0; at < sizeof(*note);) {
		ssize_t n = note_send(data_socket, note, at, fd);

		if (n > 0) {
			at += (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == ETOOMANYREFS)) {
			enum link_end end = wait_for(data_socket, POLLOUT, deadline_ns);

			if (end != LINK_OK)
				return end;
		} else if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			return LINK_CLOSED;
		} else if (n < 0 && (errno != EINTR || mistake(NO_EINTR_RETRY))) {
			say_errno("sendmsg");
			return LINK_FAILED;
		}
	}
	return LINK_OK;
}

static enum link_end memfd_send(struct link *link, uint32_t to, const struct message *m)
{
	struct memfd_link *l = (struct memfd_link *)link;
	struct note note = { .magic = NOTE_MAGIC, .sender = m->sender, .size = message_size(m) };
	struct handle *h = NULL;
	enum link_end end;
	int fd;

	for (size_t i = 0; i < MEMFD_CLIENTS; i++)
		if (l->handles[i].data_socket >= 0 && l->handles[i].client == to)
			h = &l->handles[i];
	if (!h)
		return LINK_CLOSED;
	fd = memory_make(m);
	if (fd < 0)
		return LINK_FAILED;
	end = note_send_all(h->data_socket, &note, fd);
	close(fd);	/* the receiver has a descriptor of its own now */
	return end;
}

/* ---- receiving ---- */

/* Copies the message out of the memory, after making sure that it is as long as the note says, and will stay so. */
static int memory_take(int fd, uint64_t size, struct message *m)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *memory;

	if (fstat(fd, &st) < 0)
		return say_errno("fstat");
	if (size < MESSAGE_HEADER || size > sizeof(*m) || st.st_size != (off_t)size)
		return say("the memory has %lld bytes, not %llu", (long long)st.st_size, (unsigned long long)size);
	if ((seals < 0 || (seals & SEALS) != SEALS) && !mistake(SIZE_TRUSTED))
		return say("the memory is not sealed: it could change or end while it is read");
	memory = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return say_errno("mmap");
	memcpy(m, memory, (size_t)size);
	munmap(memory, (size_t)size);
	return 0;
}

/* The descriptors that came with a recvmsg(): the first is kept, others (there should be none) are closed. */
static int passed_take(struct msghdr *message)
{
	int passed = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n = c->cmsg_len > CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		for (size_t i = 0; c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (passed < 0)
				passed = fd;
			else
				close(fd);
		}
	}
	return passed;
}

/* One recvmsg() of what is missing of the note. LINK_OK: something came. */
static enum link_end note_read(struct handle *h)
{
	struct iovec part = { .iov_base = (char *)&h->note + h->have, .iov_len = sizeof(h->note) - h->have };
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(h->data_socket, &message, MSG_CMSG_CLOEXEC);
	int passed;

	if (n < 0 && (errno == EAGAIN || (errno == EINTR && !mistake(NO_EINTR_RETRY))))
		return LINK_SILENT;
	if (n < 0 && errno != ECONNRESET) {
		say_errno("recvmsg");
		return LINK_FAILED;
	}
	if (n <= 0)
		return LINK_CLOSED;
	passed = passed_take(&message);
	h->have += (size_t)n;
	/*
	 * Mistake: only the descriptor of the last call is kept. If the note comes in two parts, the descriptor came
	 * with the first: it is forgotten, and stays open for ever.
	 */
	if (mistake(SCM_RIGHTS_LEAK)) {
		h->passed = passed;
		return LINK_OK;
	}
	if (passed >= 0 && h->passed >= 0)
		close(h->passed);
	if (passed >= 0)
		h->passed = passed;
	return LINK_OK;
}

/* Reads from one connection. LINK_OK: *m is whole; LINK_SILENT: not yet; else the connection is over. */
static enum link_end handle_read(struct handle *h, struct message *m, size_t *size)
{
	enum link_end end = note_read(h);
	int failed;

	if (end != LINK_OK)
		return end;
	if (h->have < sizeof(h->note))
		return LINK_SILENT;
	h->have = 0;
	if (h->note.magic != NOTE_MAGIC || h->passed < 0) {
		say(h->passed < 0 ? "a note came without its descriptor" : "what comes makes no sense");
		return LINK_FAILED;
	}
	failed = memory_take(h->passed, h->note.size, m);
	close(h->passed);
	h->passed = -1;
	*size = (size_t)h->note.size;
	h->client = h->note.sender;
	return failed ? LINK_FAILED : LINK_OK;
}

static int client_accept_one(int master_socket)
{
	return accept4(master_socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static const struct connection_calls calls = { .accept = client_accept_one };

/* A connection-initiation request is there. 0, or 1: the server must end (said). */
static int connection_take(struct memfd_link *l)
{
	size_t i = 0;
	int data_socket = -1;

	while (i < MEMFD_CLIENTS && l->handles[i].data_socket >= 0)
		i++;
	if (i == MEMFD_CLIENTS) {
		l->rests_ns = now_ns() + BACK_OFF_NS;
		return 0;
	}
	switch (client_accept(&calls, l->master_socket, &data_socket)) {
	case ACCEPTED:
		l->handles[i].data_socket = data_socket;
		return 0;
	case ACCEPTED_FULL:
		l->rests_ns = now_ns() + BACK_OFF_NS;
		return 0;
	case ACCEPTED_NONE:
		return 0;
	case ACCEPTED_STOP:
	case ACCEPTED_FAILED:
		break;
	}
	return 1;
}

/* Waits for bytes or connections; *ready is the connection to read from next, or NULL. */
static enum link_end handles_wait(struct memfd_link *l, int64_t deadline_ns, struct handle **ready)
{
	bool rests = l->rests_ns > now_ns();
	int64_t until_ns = rests && (!deadline_ns || l->rests_ns < deadline_ns) ? l->rests_ns : deadline_ns;
	struct pollfd wanted[MEMFD_CLIENTS + 1];
	size_t n = l->o->server ? MEMFD_CLIENTS : 1;
	int64_t left = until_ns - now_ns();
	int r;

	*ready = NULL;
	for (size_t i = 0; i < n; i++)
		wanted[i] = (struct pollfd){ .fd = l->handles[i].data_socket, .events = POLLIN };
	wanted[n] = (struct pollfd){ .fd = rests ? -1 : l->master_socket, .events = POLLIN };
	r = poll(wanted, n + 1, until_ns ? (int)((left < 0 ? 0 : left + MS - 1) / MS) : -1);
	if (r < 0 && (errno != EINTR || mistake(NO_EINTR_RETRY))) {
		say_errno("poll");
		return LINK_FAILED;
	}
	if (r <= 0)
		return LINK_OK;
	if (wanted[n].revents && connection_take(l))
		return LINK_FAILED;
	for (size_t i = 0; i < n && !*ready; i++) {
		size_t at = (l->next + i) % n;

		if (wanted[at].revents) {
			*ready = &l->handles[at];
			l->next = (at + 1) % n;
		}
	}
	return LINK_OK;
}

static enum link_end memfd_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct memfd_link *l = (struct memfd_link *)link;

	for (;;) {
		struct handle *h;
		enum link_end end = handles_wait(l, deadline_ns, &h);

		if (end != LINK_OK)
			return end;
		if (h) {
			end = handle_read(h, m, size);
			if (end == LINK_OK)
				return end;
			if (end != LINK_SILENT) {
				handle_close(h);	/* only this conversation is over */
				if (!l->o->server)
					return end;
			}
		}
		if (deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
	}
}

/* ---- the two roles ---- */

static void link_init(struct memfd_link *l, const struct ref_options *o)
{
	*l = (struct memfd_link){
		.link = { .send = memfd_send, .receive = memfd_receive, .largest = o->size_max, .under_way = SIZE_MAX,
			.most_under_way = 64 },	/* every message under way is an open descriptor */
		.o = o, .master_socket = -1,
	};
	for (size_t i = 0; i < MEMFD_CLIENTS; i++)
		l->handles[i] = (struct handle){ .data_socket = -1, .passed = -1 };
	address.sun_family = AF_UNIX;
	path_of(o, "memfd.sock", 0, address.sun_path, sizeof(address.sun_path));
}

static void link_fini(struct memfd_link *l)
{
	for (size_t i = 0; i < MEMFD_CLIENTS; i++)
		handle_close(&l->handles[i]);
	if (l->master_socket >= 0)
		close(l->master_socket);
}

static int memfd_serve(const struct ref_options *o)
{
	static struct memfd_link l;
	int status = 1;

	link_init(&l, o);
	unlink(address.sun_path);
	l.master_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l.master_socket < 0)
		return say_errno("socket");
	if (bind(l.master_socket, (struct sockaddr *)&address, sizeof(address)) < 0) {
		say_errno("bind %s", address.sun_path);
	} else {
		stop_at_once(socket_remove);	/* SIGTERM from here on: remove the socket, exit */
		if (listen(l.master_socket, BACKLOG) < 0) {
			say_errno("listen");
		} else {
			server_ready();
			status = serve_link(o, &l.link, false);
		}
		socket_remove();
	}
	link_fini(&l);
	return status;
}

static int memfd_request(const struct ref_options *o)
{
	static struct memfd_link l;
	int r, status;

	link_init(&l, o);
	l.handles[0].client = SERVER_ID;
	l.handles[0].data_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l.handles[0].data_socket < 0)
		return say_errno("socket");
	do	/* interrupted, it has done nothing: the server's queue was full */
		r = connect(l.handles[0].data_socket, (struct sockaddr *)&address, sizeof(address));
	while (r < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	if (r < 0 && errno != EISCONN)
		status = say_errno("connect %s", address.sun_path);
	else if (nonblocking_set(l.handles[0].data_socket))
		status = 1;
	else
		status = request_link(o, &l.link);
	link_fini(&l);
	return status;
}

const struct technique technique_memfd = {
	.name = "memfd", .serve = memfd_serve, .request = memfd_request,
};
