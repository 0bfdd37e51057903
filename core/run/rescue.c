/* SPDX-License-Identifier: MIT */
/* Where a box has no namespaces: what one that was killed left is removed. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/model/call.h"
#include "core/run/box.h"
#include "core/sys/clock.h"
#include "core/sys/namespaces.h"
#include "core/sys/proc.h"

#define MAKERS_PATIENCE (500 * NS_PER_MS)

/* "sem.a1B2c3": what glibc makes in sem_open() and removes in the same breath, unless it is killed there. */
static bool is_half_made(int directory, const char *name)
{
	struct timespec now;
	struct stat st;

	if (strlen(name) != 10 || strncmp(name, "sem.", 4) || fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) ||
		st.st_uid != geteuid() || st.st_nlink != 1 || st.st_size > (off_t)sizeof(sem_t))
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	/* A living program has it for some microseconds only. */
	return (now.tv_sec - st.st_ctim.tv_sec) * NS_PER_S + now.tv_nsec - st.st_ctim.tv_nsec > 2 * NS_PER_MS;
}

static void half_made_remove(const struct box *box)
{
	DIR *dir = opendir("/dev/shm");

	if (!dir)
		return;
	poll(NULL, 0, 3);
	for (struct dirent *e; (e = readdir(dir));)
		if (!was_before(box, before_hash(OBJ_POSIX_SHM, e->d_name, 0)) && is_half_made(dirfd(dir), e->d_name))
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
}

/* A call that may make an object, until the injector has noted it. One that waits in the kernel has made nothing. */
static bool is_making(const struct thread *t)
{
	uint32_t call = t->call, tid = t->tid;
	char letter;

	if (!call || !tid || call > n_calls ||
		(call_table[call - 1].family != FAMILY_OPEN && strcmp(call_table[call - 1].plain, "bind") != 0))
		return false;
	letter = proc_state_letter((int)tid);
	return letter == 'R' || letter == 'D';
}

static bool anybody_is_making(const struct arena *a)
{
	for (uint32_t i = 0; i < arena_n_threads(a); i++)
		if (is_making(&a->threads[i]))
			return true;
	return false;
}

void makers_settle(struct box *box)
{
	struct arena *a = box->arena;
	int64_t deadline = clock_ns() + MAKERS_PATIENCE;

	/* In a PID namespace the keeper knows threads by other numbers; but there the box's end has ended them all. */
	if (box->private_shm && box->parts & NAMESPACES_IPC)
		return;
	if (!a && arena_map(box->arena_path, &a))
		return;
	a->stop = 1;
	atomic_thread_fence(memory_order_seq_cst);
	while (anybody_is_making(a) && clock_ns() < deadline)
		poll(NULL, 0, 1);
	if (!box->arena)
		arena_free(a);
}

void leftovers_rescue(struct box *box)
{
	if (box->mounted && box->private_shm && box->parts & NAMESPACES_IPC)
		return;
	if (arena_map(box->arena_path, &box->arena))
		return;
	box->out = mem_new(sizeof(*box->out));
	leftovers_collect(box);
	if (!box->private_shm)
		half_made_remove(box);
	free(box->out);
	box->out = NULL;
	box->arena = arena_free(box->arena);
}
