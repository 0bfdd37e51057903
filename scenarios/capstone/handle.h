/* SPDX-License-Identifier: MIT */
/* The server's end of the connections: one client handle for each, with the service requests that come over it. */
#ifndef SCENARIOS_CAPSTONE_HANDLE_H
#define SCENARIOS_CAPSTONE_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenarios/capstone/snapshot.h"
#include "scenarios/capstone/table.h"
#include "scenarios/capstone/wire.h"

enum { HANDLES_MOST = 64, REQUESTS_MOST = 32 };

/* Well-known bugs that the server makes on request, to show that they are noticed. */
enum mistake { TORN_SNAPSHOT = 1, NO_DEDUP = 2, ONE_READ_ONE_MESSAGE = 4, WRITE_IN_PLACE = 8 };

struct handle {
	int data_socket;
	struct message in[REQUESTS_MOST], out[REQUESTS_MOST];
	size_t n_in, n_out;	/* bytes */
	/* a subscriber's */
	uint32_t subscriber;	/* its id; 0: it is none */
	int notice;		/* eventfd, or -1 */
	bool fds_due;		/* the descriptors go with the next byte of the answer */
};

struct server {
	int directory;
	int spare;		/* a descriptor kept for the file of a table, however many clients there are */
	unsigned mistakes;	/* enum mistake */
	int master_socket;
	int64_t accept_after_ns;	/* no descriptors were left: not before then */
	struct table table;
	struct snapshot *snapshot;
	int snapshot_fd;
	struct handle *handles[HANDLES_MOST];
	size_t n;
};

/* Takes the spare descriptor. Without one all goes on, as long as there are others. */
void spare_take(struct server *s);
/* Takes the data socket, also when it fails. False (said): no memory. */
bool handle_add(struct server *s, int data_socket);
/* Ends the i-th conversation; the last handle takes its place. */
void handle_drop(struct server *s, size_t i);
/* What poll() shall wait for. */
short handle_events(const struct handle *h);
/* The handle is ready for revents. Blocks nobody. False: the conversation is over. */
bool handle_turn(struct server *s, struct handle *h, short revents);

#endif
