/* SPDX-License-Identifier: MIT */
/* Where a box has no namespaces, what the machine had before is told from what a run made. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "core/base/banned.h"
#include "core/base/rng.h"
#include "core/model/call.h"
#include "core/run/box.h"
#include "core/sys/namespaces.h"

/* What the machine had before the run is nobody's leftover. */
uint64_t before_hash(uint32_t kind, const char *name, uint64_t id)
{
	return rng_mix((name ? XXH3_64bits(name, strlen(name)) : id) ^ (uint64_t)kind << 56);
}

static void before_add(struct box *box, uint64_t hash)
{
	if (box->n_before == box->before_room) {
		box->before_room = box->before_room ? box->before_room * 2 : 64;
		box->before = mem_grow(box->before, box->before_room * sizeof(*box->before));
	}
	box->before[box->n_before++] = hash;
}

bool was_before(const struct box *box, uint64_t hash)
{
	for (uint32_t i = 0; i < box->n_before; i++)
		if (box->before[i] == hash)
			return true;
	return false;
}

static void before_names(struct box *box, uint32_t kind, const char *path)
{
	DIR *dir = opendir(path);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		before_add(box, before_hash(kind, e->d_name, 0));
	closedir(dir);
}

static void before_ids(struct box *box, uint32_t kind, const char *path)
{
	char line[512];
	FILE *file = fopen(path, "re");
	int key, id;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%d %d", &key, &id) == 2)
			before_add(box, before_hash(kind, NULL, (uint64_t)(uint32_t)id));
	if (file)
		fclose(file);
}

void leftovers_before(struct box *box)
{
	clock_gettime(CLOCK_REALTIME, &box->start_wall);
	box->n_before = 0;
	if (!box->private_shm)
		before_names(box, OBJ_POSIX_SHM, "/dev/shm");
	if (box->parts & NAMESPACES_IPC)
		return;
	before_names(box, OBJ_POSIX_MQ, "/dev/mqueue");
	before_ids(box, OBJ_SYSV_MQ, "/proc/sysvipc/msg");
	before_ids(box, OBJ_SYSV_SHM, "/proc/sysvipc/shm");
	before_ids(box, OBJ_SYSV_SEM, "/proc/sysvipc/sem");
}
