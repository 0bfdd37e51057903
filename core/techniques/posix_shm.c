/* SPDX-License-Identifier: MIT */
/*
 * POSIX shared memory: the fastest technique, and the one that gives nothing but memory. Who may write when, how the
 * other side learns of it, what happens when somebody dies in the middle: all that is the program's own business. Three
 * answers can be chosen with --design:
 *
 *   semaphore  posix_shm_semaphore.c  a box for each pair of writer and reader; semaphores count what is in it
 *   mutex      posix_shm_mutex.c      one box that all clients share, under a robust mutex
 *   ring       posix_shm_ring.c       a ring without locks; the kernel is called only to sleep and to wake
 *
 * The steps are the same for all of them:
 *   server: remove the old segment, make it, give it its size, map it, make the locks, … serve …, unmap, remove
 *   client: open the segment, look at its size, map it, … request …, unmap
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/techniques/shm_designs.h"
#include "core/base/banned.h"

static char segment_name[80];	/* for the handler of SIGTERM */

static void segment_remove(void)
{
	shm_unlink(segment_name);
}

static void segment_name_set(const struct ref_options *o)
{
	snprintf(segment_name, sizeof(segment_name), "/sabot-%s-shm", o->id);
}

static const struct shm_design *design_of(uint32_t design)
{
	return design == DESIGN_MUTEX ? &shm_mutex : design == DESIGN_RING ? &shm_ring : &shm_semaphore;
}

static void *segment_map(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED) {
		say_errno("mmap");
		return NULL;
	}
	return memory;
}

/* Remove the old segment, make the new one, give it its size, map it. NULL: failed (said). */
static void *segment_make(size_t size)
{
	void *memory;
	int fd, r;

	if (shm_unlink(segment_name) == 0)
		say("removed a segment that an earlier server left behind");
	fd = shm_open(segment_name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0) {
		say_errno("shm_open %s", segment_name);
		return NULL;
	}
	do
		r = ftruncate(fd, (off_t)size);	/* new pages are zero */
	while (r < 0 && errno == EINTR);
	if (r < 0)
		say_errno("ftruncate");
	memory = r < 0 ? NULL : segment_map(fd, size);
	close(fd);	/* the mapping stays */
	if (!memory)
		segment_remove();
	return memory;
}

/* Open the server's segment, look at its size, map it. NULL: failed (said). */
static void *segment_open(size_t *size)
{
	void *memory = NULL;
	struct stat st;
	int fd = shm_open(segment_name, O_RDWR, 0);

	if (fd < 0) {
		say_errno("shm_open %s (is the server there?)", segment_name);
		return NULL;
	}
	/* Pages beyond the end of the object can be mapped, but not touched (SIGBUS): so ask how long it really is. */
	if (fstat(fd, &st) < 0) {
		say_errno("fstat");
	} else if (st.st_size < (off_t)sizeof(struct shm_area)) {
		say("the segment has only %lld bytes", (long long)st.st_size);
	} else {
		*size = (size_t)st.st_size;
		memory = segment_map(fd, *size);
	}
	close(fd);
	return memory;
}

static int shm_serve(const struct ref_options *o)
{
	const struct shm_design *design = design_of(o->design);
	size_t size = shm_area_size(o, design->boxes(o), design->locks(o));
	struct shm_area *area;
	int status;

	if (o->n_clients > SHM_CLIENTS)
		return say("a segment has room for %d clients", SHM_CLIENTS);
	segment_name_set(o);
	area = segment_make(size);
	if (!area)
		return 1;
	stop_at_once(segment_remove);	/* SIGTERM from here on: remove the segment, exit */
	/* Mistake: the size was looked at, so what could go wrong? Whoever has it open for writing can cut it short. */
	if (!mistake(SIZE_TRUSTED))
		shm_guard_truncation(segment_remove);
	shm_area_init(area, o, design->boxes(o), design->locks(o));
	status = design->prepare(area, o) || clock_ticks();
	if (status == 0) {
		shm_area_open(area);
		server_ready();
		status = serve_link(o, design->link(area, o), false);
	}
	munmap(area, size);
	segment_remove();
	return status;
}

static int shm_request(const struct ref_options *o)
{
	const struct shm_design *design;
	struct shm_area *area;
	size_t size;
	int status = 1;

	segment_name_set(o);
	area = segment_open(&size);
	if (!area)
		return 1;
	if (!mistake(SIZE_TRUSTED))	/* as in the server */
		shm_guard_truncation(NULL);
	design = design_of(area->design);
	if (shm_area_join(area, size, o, design->boxes(o), design->locks(o)) == LINK_OK && clock_ticks() == 0)
		status = request_link(o, design->link(area, o));
	munmap(area, size);
	return status;
}

const struct technique technique_posix_shm = {
	.name = "posix-shm", .serve = shm_serve, .request = shm_request,
};
