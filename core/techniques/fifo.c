/* SPDX-License-Identifier: MIT */
/*
 * FIFOs: pipes with a name. All clients write into the server's FIFO; each reads the answers from one of its own,
 * which has its process id in its name. Many writers share one stream of bytes, so messages travel in pieces of at
 * most PIPE_BUF bytes: a write of so many is never mixed with another, a longer one may be. A lone writer has nobody to
 * be mixed with: its messages go in one piece.
 *
 * The steps:
 *   server: remove the old FIFO, mkfifo(), open it for reading, and for writing too, … read, write …, close, remove
 *   client: mkfifo() for the answers, open it for reading, open the server's for writing, … write, read …, close,
 *           remove
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>

#include "core/techniques/impl.h"
#include "core/techniques/service.h"
#include "core/base/str.h"
#include "core/base/banned.h"

enum {
	FIFO_CLIENTS = 64,
	FIFO_PATH = 256,
	PIECE_MAGIC = 0x5ab0f1f0,
	LONE_PIECE = 16384,	/* most bytes that a lone writer writes at once: they certainly find room */
	ROOM = 2 * (MESSAGE_HEADER + MESSAGE_MAX),
};

/* What travels: a part of a message. Header and bytes are at most PIPE_BUF together. */
struct piece {
	uint32_t magic;
	uint32_t sender, session;
	uint32_t total, offset, length;	/* of the whole message; of this part */
};

/* What has come of the message that one sender is sending. */
struct partial {
	struct message *message;	/* NULL: nothing yet */
	uint32_t session, have;
};

struct fifo_link {
	struct link link;
	const struct ref_options *o;
	char path[FIFO_PATH];			/* of the FIFO that is read */
	int in, keep;				/* -1: closed. keep: the server's own write end of it */
	bool met;				/* somebody has opened it for writing */
	int out[FIFO_CLIENTS + 1];		/* 0: the server's FIFO (a client's); i: that of client i */
	uint32_t last;				/* the highest client that was ever answered */
	uint32_t sessions[FIFO_CLIENTS + 1];	/* the process that out[i] leads to */
	struct partial partials[FIFO_CLIENTS + 1];	/* by sender; 0: the server */
	unsigned char *bytes;			/* came and are not looked at yet: begin … end */
	size_t begin, end;
};

static char own_path[FIFO_PATH];	/* for the handler of SIGTERM */

static void own_fifo_remove(void)
{
	unlink(own_path);
}

static void answers_path(const struct ref_options *o, uint32_t session, char *out)
{
	path_of(o, "answers", session, out, FIFO_PATH);
}

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* open() waits for the other side, and may be interrupted; even where it does not wait it is simply called again. */
static int fifo_open(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags | O_CLOEXEC);
	while (fd < 0 && errno == EINTR && !mistake(NO_EINTR_RETRY));
	return fd;
}

/* ---- sending ---- */

/* One write for one piece. It is taken whole or, if there is no room, not at all (EAGAIN). */
static enum link_end piece_write(int fd, const unsigned char *bytes, size_t n)
{
	int64_t deadline_ns = 0;

	while (n > 0) {
		ssize_t written = write(fd, bytes, n);

		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			enum link_end end;

			if (deadline_ns == 0)
				deadline_ns = now_ns() + PATIENCE_NS;
			end = wait_for(fd, POLLOUT, deadline_ns);
			if (end != LINK_OK)
				return end;
		} else if (written < 0 && errno == EPIPE) {
			return LINK_CLOSED;	/* nobody has it open for reading any more */
		} else if (written < 0 && (errno != EINTR || mistake(NO_EINTR_RETRY))) {
			say_errno("write");
			return LINK_FAILED;
		}
	}
	return LINK_OK;
}

static enum link_end message_write(int fd, bool alone, const struct message *m)
{
	static unsigned char bytes[sizeof(struct piece) + sizeof(struct message)];
	uint32_t total = (uint32_t)message_size(m), most = PIPE_BUF - sizeof(struct piece);
	enum link_end end = LINK_OK;

	if (alone && total <= LONE_PIECE)
		most = total;
	/* Mistake: one write for the whole message. Beyond PIPE_BUF, bytes of other writers get in between. */
	if (mistake(BIG_WRITE_ASSUMED_ATOMIC))
		most = total;
	for (uint32_t at = 0; at < total && end == LINK_OK;) {
		uint32_t length = total - at < most ? total - at : most;
		struct piece piece = { .magic = PIECE_MAGIC, .sender = m->sender, .session = m->session, .total = total,
			.offset = at, .length = length };

		memcpy(bytes, &piece, sizeof(piece));
		memcpy(bytes + sizeof(piece), (const char *)m + at, length);
		end = piece_write(fd, bytes, sizeof(piece) + length);
		at += length;
	}
	return end;
}

static void client_forget(struct fifo_link *l, uint32_t id)
{
	fd_close(&l->out[id]);
}

/* The server opens the FIFO of a client when it first has something to say to it. */
static enum link_end answers_open(struct fifo_link *l, uint32_t id, uint32_t session)
{
	char path[FIFO_PATH];

	if (l->out[id] >= 0 && l->sessions[id] == session)
		return LINK_OK;
	client_forget(l, id);
	/* From now on there is somebody to look after. Whoever takes EINTR for an error would die of the clock. */
	if (l->last == 0 && !mistake(NO_EINTR_RETRY) && clock_ticks())
		return LINK_FAILED;
	answers_path(l->o, session, path);
	l->out[id] = fifo_open(path, O_WRONLY | O_NONBLOCK);
	l->sessions[id] = session;
	l->last = id > l->last ? id : l->last;
	if (l->out[id] >= 0)
		return LINK_OK;
	if (errno == ENXIO || errno == ENOENT)
		return LINK_CLOSED;	/* nobody reads it: the client has gone */
	say_errno("open %s", path);
	return LINK_FAILED;
}

static enum link_end fifo_send(struct link *link, uint32_t to, const struct message *m)
{
	struct fifo_link *l = (struct fifo_link *)link;
	uint32_t id = to == SERVER_ID ? 0 : to;
	enum link_end end = LINK_OK;

	if (l->o->server)
		end = answers_open(l, id, m->session);
	if (end == LINK_OK)
		end = message_write(l->out[id], l->o->server || l->o->n_clients == 1, m);
	/* The result is the last thing that a client is told. */
	if (l->o->server && (end != LINK_OK || m->kind == MESSAGE_RESULT))
		client_forget(l, id);
	return end;
}

/* ---- receiving ---- */

/* Adds a piece to what its sender has sent before. True: the message is whole. */
static bool piece_add(struct partial *p, const struct piece *piece, const unsigned char *bytes)
{
	if (!p->message)
		p->message = mem_new(sizeof(*p->message));
	/* The first piece of a message, or of another process with the same id: what came before is void. */
	if (piece->offset == 0 || piece->session != p->session) {
		p->session = piece->session;
		p->have = 0;
	}
	if (piece->offset != p->have)
		return false;	/* its beginning never came */
	memcpy((char *)p->message + p->have, bytes, piece->length);
	p->have += piece->length;
	return p->have == piece->total;
}

/* Takes pieces out of the bytes that came, until a message is whole. */
static bool message_there(struct fifo_link *l, struct message *m, size_t *size)
{
	while (l->end - l->begin >= sizeof(struct piece)) {
		struct piece piece;
		uint32_t id;

		memcpy(&piece, l->bytes + l->begin, sizeof(piece));
		id = piece.sender == SERVER_ID ? 0 : piece.sender;
		if (piece.magic != PIECE_MAGIC || id > FIFO_CLIENTS || piece.total > sizeof(*m) ||
			piece.length > piece.total || piece.offset > piece.total - piece.length) {
			say("what comes makes no sense");
			l->begin = l->end = 0;
			return false;
		}
		if (l->end - l->begin < sizeof(piece) + piece.length)
			return false;
		l->begin += sizeof(piece) + piece.length;
		if (piece.length == piece.total) {
			*size = piece.total;
			memcpy(m, l->bytes + l->begin - piece.length, *size);
			return true;
		}
		if (piece_add(&l->partials[id], &piece, l->bytes + l->begin - piece.length)) {
			*size = piece.total;
			memcpy(m, l->partials[id].message, *size);
			l->partials[id].have = 0;
			return true;
		}
	}
	return false;
}

/* Mistake: at end-of-file opens the FIFO anew. Who writes between the two has no reader: SIGPIPE, EPIPE. */
static enum link_end fifo_reopen(struct fifo_link *l)
{
	fd_close(&l->in);
	l->in = fifo_open(l->path, O_RDONLY);	/* waits for the next client */
	if (l->in >= 0)
		return LINK_OK;
	say_errno("open %s", l->path);
	return LINK_FAILED;
}

/* One read. LINK_SILENT: a signal came first. */
static enum link_end bytes_read(struct fifo_link *l)
{
	ssize_t n;

	memmove(l->bytes, l->bytes + l->begin, l->end - l->begin);
	l->end -= l->begin;
	l->begin = 0;
	n = read(l->in, l->bytes + l->end, ROOM - l->end);
	if (n > 0) {
		l->end += (size_t)n;
		return LINK_OK;
	}
	if (n < 0) {
		if (errno == EAGAIN || (errno == EINTR && !mistake(NO_EINTR_RETRY)))
			return LINK_SILENT;
		say_errno("read");
		return LINK_FAILED;
	}
	/* End-of-file: whoever could write has closed. A server that keeps a write end itself never gets here. */
	return l->o->server && mistake(FIFO_REOPEN_AT_EOF) ? fifo_reopen(l) : LINK_CLOSED;
}

/*
 * Clients that were killed: nobody reads any more what is written to them, which poll() reports (POLLERR), unasked. The
 * server closes its end, and removes their FIFOs for them.
 */
static void dead_forget(struct fifo_link *l)
{
	uint32_t n = 0, ids[FIFO_CLIENTS];
	struct pollfd ends[FIFO_CLIENTS];

	for (uint32_t id = 1; id <= l->last; id++)
		if (l->out[id] >= 0) {
			ids[n] = id;
			ends[n++] = (struct pollfd){ .fd = l->out[id] };
		}
	if (n == 0 || poll(ends, n, 0) <= 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		char path[FIFO_PATH];

		if (!(ends[i].revents & POLLERR))
			continue;
		client_forget(l, ids[i]);
		answers_path(l->o, l->sessions[ids[i]], path);
		unlink(path);
	}
}

/*
 * Waits for bytes: in read(), which the ticking clock ends from time to time. But before anybody has opened the FIFO
 * for writing, read() would tell of an end-of-file at once; poll() waits for the beginning.
 */
static enum link_end bytes_wait(struct fifo_link *l, int64_t deadline_ns)
{
	if (!l->met) {
		enum link_end end = wait_for(l->in, POLLIN, deadline_ns);

		if (end != LINK_OK)
			return end;
		l->met = true;
	}
	return bytes_read(l);
}

static enum link_end fifo_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct fifo_link *l = (struct fifo_link *)link;

	while (!message_there(l, m, size)) {
		enum link_end end = bytes_wait(l, deadline_ns);

		if (end != LINK_OK && end != LINK_SILENT)
			return end;
		if (end == LINK_SILENT && l->o->server)
			dead_forget(l);
		if (end == LINK_SILENT && deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
	}
	return LINK_OK;
}

/* ---- making and removing ---- */

static void link_init(struct fifo_link *l, const struct ref_options *o)
{
	*l = (struct fifo_link){
		/* Pieces fill whole pages of the pipe only in part: count on half of its 64 KiB, shared by all. */
		.link = { .send = fifo_send, .receive = fifo_receive,
			.under_way = 32768 / (o->n_clients ? o->n_clients : 1) },
		.o = o, .in = -1, .keep = -1, .bytes = mem_new(ROOM),
	};
	for (uint32_t i = 0; i <= FIFO_CLIENTS; i++)
		l->out[i] = -1;
}

static void link_fini(struct fifo_link *l)
{
	fd_close(&l->in);
	fd_close(&l->keep);
	for (uint32_t i = 0; i <= FIFO_CLIENTS; i++) {
		fd_close(&l->out[i]);
		free(l->partials[i].message);
	}
	free(l->bytes);
	own_fifo_remove();
}

/* Remove the old FIFO, make the new one. */
static int fifo_make(const char *path)
{
	text_copy(own_path, sizeof(own_path), path);
	unlink(path);
	return mkfifo(path, 0600) < 0 ? say_errno("mkfifo %s", path) : 0;
}

static int fifo_serve(const struct ref_options *o)
{
	static struct fifo_link l;
	int status = 1;

	if (o->n_clients > FIFO_CLIENTS)
		return say("there is room for %d clients", FIFO_CLIENTS);
	link_init(&l, o);
	path_of(o, "requests", 0, l.path, sizeof(l.path));
	if (fifo_make(l.path) == 0) {
		stop_at_once(own_fifo_remove);	/* SIGTERM from here on: remove the FIFO, exit */
		l.in = fifo_open(l.path, O_RDONLY | O_NONBLOCK);
		/* As long as we could write ourselves, there is no end-of-file between one client and the next. */
		if (l.in >= 0 && !mistake(FIFO_REOPEN_AT_EOF))
			l.keep = fifo_open(l.path, O_WRONLY | O_NONBLOCK);
		if (l.in < 0 || (l.keep < 0 && !mistake(FIFO_REOPEN_AT_EOF))) {
			say_errno("open %s", l.path);
		} else {
			server_ready();
			l.met = l.keep >= 0;
			if (fcntl(l.in, F_SETFL, 0) == 0)
				status = serve_link(o, &l.link, false);
		}
	}
	link_fini(&l);
	return status;
}

/* Opens the server's FIFO; it may just be between two clients (ENXIO: nobody reads), but not for long. */
static int requests_open(const struct ref_options *o)
{
	char path[FIFO_PATH];
	int64_t deadline_ns = now_ns() + PATIENCE_NS;
	int fd;

	path_of(o, "requests", 0, path, sizeof(path));
	while ((fd = fifo_open(path, O_WRONLY | O_NONBLOCK)) < 0) {
		if (errno != ENXIO || now_ns() >= deadline_ns) {
			say_errno("open %s (is the server there?)", path);
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = MS }, NULL);
	}
	return fd;
}

static int fifo_request(const struct ref_options *o)
{
	static struct fifo_link l;
	int status = 1;

	link_init(&l, o);
	answers_path(o, (uint32_t)getpid(), l.path);
	if (fifo_make(l.path) == 0) {
		/*
		 * Mistake: opened for reading, a FIFO waits until somebody opens it for writing. But the server opens
		 * it when the first request has come, and that is sent after this: each waits for the other. With
		 * O_NONBLOCK the reader does not wait.
		 */
		l.in = fifo_open(l.path, O_RDONLY | (mistake(FIFO_READER_FIRST) ? 0 : O_NONBLOCK));
		if (l.in < 0)
			say_errno("open %s", l.path);
		else
			l.out[0] = requests_open(o);
		if (l.out[0] >= 0 && fcntl(l.in, F_SETFL, 0) == 0 && clock_ticks() == 0)
			status = request_link(o, &l.link);
	}
	link_fini(&l);
	return status;
}

const struct technique technique_fifo = {
	.name = "fifo", .serve = fifo_serve, .request = fifo_request,
};
