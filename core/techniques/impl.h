/* SPDX-License-Identifier: MIT */
/*
 * What the reference implementations share. One technique a file, with one exported `const struct technique` and one
 * row in techniques.def; everything else in the file is static.
 *
 * A technique either serves connections (unix-stream, tcp …: core/techniques/connection.h) or offers a `struct link`
 * that carries whole messages, and leaves the conversation to serve_link() and request_link(). Those number, check
 * and tell (sabot.h) the messages; a technique only moves them. A technique without content (signal, eventfd) talks
 * and tells for itself.
 *
 * Exit status of a role: 0 done, 1 failed with a sentence on stderr, 2 wrong command line, 77 not on this machine.
 */
#ifndef CORE_TECHNIQUES_IMPL_H
#define CORE_TECHNIQUES_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/technique.h"
#include "core/techniques/message.h"

enum ref_design {
#define DESIGN(symbol, name, summary) DESIGN_##symbol,
#include "core/techniques/designs.def"
#undef DESIGN
	N_REF_DESIGNS
};

enum ref_mistake {
#define MISTAKE(symbol, name, summary, side, techniques, caught_by) MISTAKE_##symbol,
#include "core/techniques/mistakes.def"
#undef MISTAKE
	N_REF_MISTAKES
};

struct ref_options {
	const char *directory;	/* --dir: private to this run; socket files and FIFOs go here */
	const char *id;		/* --id: letters and digits in use nowhere else: names of queues and segments */
	int port;		/* --port: free for TCP and UDP on 127.0.0.1 */
	int key;		/* --key: positive, in use nowhere else: System V */
	enum pattern pattern;
	uint32_t messages;	/* each client's (fan-out: to each client) */
	size_t size_min, size_max;	/* bytes of payload, 1 … MESSAGE_MAX */
	uint32_t window;	/* requests under way without an answer */
	uint32_t n_clients;
	uint32_t client;	/* 1 … n_clients: the client's id; 0 in a server */
	uint64_t seed;
	enum ref_design design;
	int64_t pace_ns;	/* slow-reader: between two receives of the server */
	bool server;
};

struct technique {
	const char *name;
	/* The whole life of a server, from making its objects to removing them. Returns an exit status. */
	int (*serve)(const struct ref_options *o);
	/* The whole life of a client. NULL: the server forks its clients itself and is the driver. */
	int (*request)(const struct ref_options *o);
	/* Why it cannot be had on this machine (a literal), or NULL; the hook may be NULL. */
	const char *(*unavailable)(void);
};

/* Was this mistake ordered with --mistakes?  if (mistake(SHORT_READ)) … */
#define mistake(symbol) mistake_made(MISTAKE_##symbol)
bool mistake_made(enum ref_mistake m);

/* "sabot-ref unix-stream server: bind: Address in use" on stderr. say_errno() appends strerror(errno). Return 1. */
int say(const char *format, ...) __attribute__((format(printf, 1, 2)));
int say_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Who says it, from now on; signals_set() does what is said of signals below. Called by main(). */
void say_as(const char *technique, const struct ref_options *o);
void signals_set(const struct ref_options *o);

/* Prints "ready" on stdout and tells sabot_became("ready"): the server can be used from now on. */
void server_ready(void);
/*
 * The client's one line on stdout: "client 2: 10 sent, 10 answered". Returns 0, or 1 if the line could not be
 * written.
 */
int client_summary(const struct ref_options *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * SIGTERM ends a server. It is blocked when serve() is called. A technique chooses one of:
 *
 * stop_at_once()  remove_objects (async-signal-safe: unlink, shm_unlink, mq_unlink, msgctl …) runs in the handler,
 *                 which then ends the process with status 0. Nothing that blocks can miss it.
 * wait_for()      lets SIGTERM in only while it waits, in ppoll(): no moment is left in which it would be missed.
 *                 stop_asked() is true from then on.
 *
 * SIGUSR1 is caught without SA_RESTART in every role, so that any blocking call may return EINTR. SIGPIPE is ignored.
 */
void stop_at_once(void (*remove_objects)(void));
bool stop_asked(void);

/* CLOCK_MONOTONIC in ns. PATIENCE bounds every wait for the other side. */
int64_t now_ns(void);
#define MS 1000000LL
#define PATIENCE_NS (2000 * MS)
int64_t patience_ns(const struct ref_options *o); /* longer where the other side is slow on purpose (slow-reader) */
#define RETRY_NS (50 * MS)	/* an answer that is not there by then was lost: send again */

/*
 * What became of moving one message. Everything but LINK_OK ends the conversation, except LINK_SILENT where more
 * tries are due. LINK_FAILED was said on stderr already.
 */
enum link_end {
	LINK_OK,
	LINK_SILENT,	/* the deadline has passed */
	LINK_CLOSED,	/* the other end is gone */
	LINK_STOPPED,	/* SIGTERM (servers) */
	LINK_FAILED,
};

/*
 * A clock that ticks: from now on SIGALRM comes every 100 ms, without SA_RESTART, and ends whatever call is waiting
 * with EINTR. So the waits of calls without a timeout are bounded too: who made one looks at the time, and whether the
 * other side still lives, and makes it again. Short waits, which are the rule, cost nothing, while a timeout has to be
 * set and taken back for each call. One alarm at the deadline would not do: it could ring a moment before the call.
 * A child that is forked has no clock. 0, or 1 (said).
 */
int clock_ticks(void);

/* Waits until fd has one of `events` (POLLIN, POLLOUT) or the deadline (absolute; 0: none) is over. */
enum link_end wait_for(int fd, short events, int64_t deadline_ns);

/* A way to move whole messages. Embed it first in the technique's own struct. */
struct link {
	/*
	 * Moves all of m to the process with id `to` (SERVER_ID or a client's). Waits for room for patience_ns() at
	 * most.
	 */
	enum link_end (*send)(struct link *l, uint32_t to, const struct message *m);
	/*
	 * The next message, whole: as many bytes as came with it, in *size (at most sizeof *m). The deadline is
	 * absolute; 0: wait for ever (a server without work). The caller checks the content.
	 */
	enum link_end (*receive)(struct link *l, struct message *m, size_t *size, int64_t deadline_ns);
	/*
	 * Where the next message, of `size` bytes, may be made so that send() need not copy it: memory that the
	 * receiver shares. NULL (and so may be the hook): anywhere.
	 */
	struct message *(*blank)(struct link *l, uint32_t to, size_t size);
	/*
	 * Set by the caller of send(): another message follows at once. A link that has to wake the receiver itself
	 * may leave it asleep until then.
	 */
	bool more;
	bool lossy;		/* may drop, double or reorder messages: number, acknowledge and send again */
	size_t largest;		/* biggest payload; 0: MESSAGE_MAX */
	size_t under_way;	/* bytes that may be unread both ways without anybody blocking for ever; 0: 64 KiB */
	uint32_t most_under_way;	/* messages likewise (a queue of 10 entries: 5); 0: no limit */
};

/*
 * The server's conversation with all clients over one link. Returns when SIGTERM came (LINK_STOPPED), or when
 * `until_done` and every one of o->n_clients has got its RESULT; exit status.
 */
int serve_link(const struct ref_options *o, struct link *l, bool until_done);
/* The client's conversation; prints the summary. Exit status. */
int request_link(const struct ref_options *o, struct link *l);

/*
 * The taught step "exit" for servers that fork their clients: runs client(o, i, data) in a child for each i = 1 …
 * n.
 */
struct children {
	int pids[64];
	uint32_t n;
};
/*
 * Forks client `index`; in the child `*o` is adjusted and run(o, data)'s result becomes its exit status. 0 or 1
 * (said).
 */
int child_start(struct children *c, const struct ref_options *o, uint32_t index,
	int (*run)(const struct ref_options *o, void *data), void *data);
/* Waits for all of them. 0 if every one ended with status 0, else 1 (said). */
int children_wait(struct children *c);

#endif
