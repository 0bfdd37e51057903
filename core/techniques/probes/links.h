/* SPDX-License-Identifier: MIT */
/* Every link, by its technique. */
#ifndef CORE_TECHNIQUES_PROBES_LINKS_H
#define CORE_TECHNIQUES_PROBES_LINKS_H

#include "core/techniques/probes/link.h"

extern const struct link link_unix_stream, link_unix_dgram, link_unix_seqpacket, link_socketpair, link_tcp, link_udp,
	link_pipe, link_fifo, link_posix_mq, link_sysv_mq, link_posix_shm, link_sysv_shm, link_memfd, link_signal,
	link_rt_signal, link_eventfd;

#endif
