/* SPDX-License-Identifier: MIT */
/*
 * A link: one technique, as the experiments see it. Experiments are written over this table only; what is peculiar to
 * a technique stays behind it. All hooks return 0 or more, or -errno; none prints, none sleeps.
 */
#ifndef CORE_TECHNIQUES_PROBES_LINK_H
#define CORE_TECHNIQUES_PROBES_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	LINK_CONNECTIONS = 64,
	LINK_SEGMENT = 64 * 1024, /* bytes of the memory techniques' object */
};

/* end.wish of a sender: do not wait for the other side; or do not even try to reach it before sending. */
enum { WISH_NONE, WISH_NO_WAIT, WISH_ALONE };

/* How a process that was not there when the object was made comes to it. */
enum reach {
	REACH_BY_NAME, /* path, port, key, process number */
	REACH_BY_ENDS, /* one call makes two ends, already joined; they are inherited */
	REACH_BY_FD, /* one descriptor, which must be inherited or passed */
};

enum link_trait {
	LINK_MEMORY = 1, /* bare memory: messages are an invention of the ring on top of it */
	LINK_ADDS = 2, /* a message is a number, and numbers add up */
	LINK_SIGNAL = 4, /* a message goes to a process, not to an object of its own */
	LINK_SOCKET = 8,
};

/* Flags of parcel.flags. */
enum { PARCEL_DONTWAIT = 1, PARCEL_TIMED = 2, PARCEL_ANY_CLASS = 4 };

/* One message on its way. */
struct parcel {
	void *bytes;
	size_t n; /* send: length; receive: room */
	unsigned flags;
	unsigned class; /* 0: the ordinary one. Priority, type or signal number, counted from 0, rising */
	unsigned connection; /* of a receiver with several */
	/* Filled by receive. */
	bool truncated; /* the technique itself said so */
	pid_t said_pid; /* the sender, if the technique tells; 0 */
	int said_code; /* si_code of a signal */
};

/* What all processes share: made before the first fork, in shared memory. */
struct place {
	char path[96]; /* socket, FIFO; also the stem of names */
	char name[64]; /* "/…" for the POSIX objects */
	int port;
	int id, id2; /* System V */
	int fds[2]; /* inherited ends; -1 */
	int guard[2];
	pid_t receiver; /* process number of the receiver */
	int backlog;
	unsigned variant; /* an experiment's own choice, documented at the link */
};

/* One process's end. Zeroed, descriptors -1, before receiver() or sender(). */
struct end {
	const struct link *link;
	struct place *place;
	int fd; /* what may be read, written and watched; -1 none */
	int listener;
	int connections[LINK_CONNECTIONS];
	unsigned n_connections;
	void *map;
	size_t map_size;
	unsigned wish;
	bool receives;
	unsigned char back[128]; /* address of who sent last */
	uint32_t back_size;
};

struct link {
	const char *name;
	enum reach reach;
	uint32_t traits;
	size_t bytes; /* most that the interface can say in one message; SIZE_MAX: no such bound */
	unsigned n_classes; /* priorities, types, signal numbers; 1: none */
	const char *limit_word; /* word for the bound of a message that whoever makes the object sets; NULL */

	int (*make)(struct place *p); /* once, before any fork */
	int (*receiver)(struct end *e); /* become the receiving end */
	int (*sender)(struct end *e); /* become a sending end */
	int (*accept)(struct end *e, unsigned flags); /* NULL: no connections. Appends to connections */
	ssize_t (*send)(struct end *e, const struct parcel *p);
	ssize_t (*receive)(struct end *e, struct parcel *p); /* 0 from a technique that can end: end of file */
	void (*destroy)(struct place *p); /* everything that outlives processes; twice is fine */
	ssize_t (*limit)(struct end *e); /* the bound named by limit_word; NULL */
	pid_t (*last_pid)(struct end *e); /* who touched the object last, if the kernel keeps it; NULL */
	int (*signal_number)(const struct link *l, unsigned class); /* NULL: no signals */
};

const struct link *link_find(const char *name); /* NULL: none */

#endif
