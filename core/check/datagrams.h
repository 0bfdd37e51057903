/* SPDX-License-Identifier: MIT */
/* The half of traffic.h that is about datagrams. */
#ifndef CORE_CHECK_DATAGRAMS_H
#define CORE_CHECK_DATAGRAMS_H

#include "core/model/property.h"

enum datagram_fate {
	FATE_ARRIVED, FATE_LOST, FATE_EXCUSED,		/* of one that was sent */
	FATE_FIRST, FATE_AGAIN, FATE_CHANGED, FATE_CUT, FATE_FOREIGN,	/* of one that was received */
};

struct datagram {
	uint64_t hash, length;
	uint32_t group, event, object;
	bool received;
	bool struck;			/* by a fault of the network */
	uint8_t fate;		/* enum datagram_fate */
	uint32_t match;		/* index into datagrams + 1 of the other half, of ARRIVED, FIRST, CHANGED and CUT */
};

/* The datagrams of the history with the fate of each, in the order of (group, hash, event), and how many there are. The
 * caller frees *datagrams. */
size_t datagrams_read(struct datagram **datagrams, const struct property_input *in);

#endif
