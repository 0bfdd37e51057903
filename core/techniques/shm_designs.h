/* SPDX-License-Identifier: MIT */
/* The three designs of posix-shm: how two processes that share memory keep out of each other's way. */
#ifndef CORE_TECHNIQUES_SHM_DESIGNS_H
#define CORE_TECHNIQUES_SHM_DESIGNS_H

#include "core/techniques/impl.h"
#include "core/techniques/shm_area.h"

struct shm_design {
	uint32_t (*boxes)(const struct ref_options *o);	/* boxes that it needs */
	size_t (*locks)(const struct ref_options *o);	/* bytes that it needs beside them */
	/* The server makes the locks in zeroed memory. 0, or 1 (said). */
	int (*prepare)(struct shm_area *a, const struct ref_options *o);
	/* The link of server or client over the mapped segment; static storage of the design's own. */
	struct link *(*link)(struct shm_area *a, const struct ref_options *o);
};

extern const struct shm_design shm_semaphore;	/* posix_shm_semaphore.c */
extern const struct shm_design shm_mutex;	/* posix_shm_mutex.c */
extern const struct shm_design shm_ring;	/* posix_shm_ring.c */

#endif
