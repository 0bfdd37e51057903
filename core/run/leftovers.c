/* SPDX-License-Identifier: MIT */
/* What a run leaves behind: files of its directory, shared memory, queues, System V objects. Named, then removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/files.h"
#include "core/sys/namespaces.h"

/* semctl(2): the caller defines it. */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

struct left *left_add(struct outcome *o, enum left_kind kind, uint32_t owner, bool excused, const char *format, ...)
{
	struct left *l;
	va_list args;

	if (o->n_left >= OUTCOME_LEFT) {
		o->left_more++;
		return NULL;
	}
	l = &o->left[o->n_left++];
	*l = (struct left){ .kind = kind, .owner = owner, .excused = excused };
	va_start(args, format);
	vsnprintf(l->text, sizeof(l->text), format, args);
	va_end(args);
	return l;
}

static bool ended_by_force(const struct role_outcome *r)
{
	return r->ended == ENDED_BY_FAULT || r->ended == ENDED_BY_HARNESS || r->ended == ENDED_BY_STOP;
}

/* Could the owner not clean up? Then what it left is nobody's mistake. */
static bool owner_excused(const struct outcome *o, uint32_t owner)
{
	if (owner)
		return ended_by_force(&o->roles[owner - 1]);
	/* Not known whose: it may be one that the injector did not see. */
	for (uint32_t i = 0; i < o->n_roles; i++)
		if (!o->roles[i].hello && ended_by_force(&o->roles[i]))
			return true;
	return false;
}

static bool name_is(const char *object, const char *name)
{
	size_t n = strlen(object), m = strlen(name);

	if (!m || n < m || strcmp(object + n - m, name))
		return false;
	return n == m || object[n - m - 1] == '/';
}

/*
 * The role whose process first used an object of this name, or of this key and kind; + 1, 0: not known. Who took the
 * place of a dead one and made it anew is answerable for it.
 */
static uint32_t owner_of(const struct box *box, const char *name, uint32_t kind, uint64_t key)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a), first = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &a->objects[i];
		bool same = name ? name_is(o->name, name) : o->kind == kind && o->key == key;
		uint32_t role;

		if (o->state != 2 || !same || o->proc >= ARENA_PROCS || (name && o->flags & OBF_CONNECTED))
			continue;
		role = a->procs[o->proc].role;
		if (first && role == box->instances[first - 1].spare)
			return role + 1;
		if (first)
			continue;
		if (role >= box->n_instances)
			return 0;
		first = role + 1;
		if (!box->instances[role].spare)
			return first;
	}
	return first;
}

enum { EMPTY_SIZE = 40, MEMORY_MAGIC = 0x01021994, QUEUES_MAGIC = 0x19800202 };

/* These two file systems count twenty bytes for each name in a directory, "." and ".." among them. */
static bool surely_empty(const char *path)
{
	struct statfs fs;
	struct stat st;

	return !stat(path, &st) && st.st_size == EMPTY_SIZE && !statfs(path, &fs) &&
	       (fs.f_type == MEMORY_MAGIC || fs.f_type == QUEUES_MAGIC);
}

static uint64_t file_hash(int directory, const char *name, const char *relative)
{
	char buffer[16384];
	XXH3_state_t state;
	ssize_t n;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, relative, strlen(relative) + 1);
	while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
		XXH3_64bits_update(&state, buffer, (size_t)n);
	if (fd >= 0)
		close(fd);
	return XXH3_64bits_digest(&state);
}

static void file_collect(struct box *box, int directory, const char *name, const char *relative, mode_t mode)
{
	struct outcome *o = box->out;
	uint32_t owner;

	if (!S_ISSOCK(mode) && !S_ISFIFO(mode)) {
		/* A sum, so that the order in which the directory lists them does not matter. */
		if (S_ISREG(mode))
			o->files_hash += file_hash(directory, name, relative);
		o->n_files++;
		left_add(o, LEFT_FILE, 0, true, "file %s", relative);
		return;
	}
	owner = owner_of(box, relative, 0, 0);
	if (!owner)
		owner = owner_of(box, name, 0, 0);
	if (S_ISSOCK(mode))
		left_add(o, LEFT_SOCKET, owner, owner_excused(o, owner), "socket file %s", relative);
	else
		left_add(o, LEFT_FIFO, owner, owner_excused(o, owner), "FIFO %s", relative);
}

/* True if there was anything. */
static bool directory_collect(struct box *box, const char *path, const char *prefix, int depth)
{
	bool some = false;
	DIR *dir = surely_empty(path) ? NULL : opendir(path);

	if (!dir)
		return false;
	for (struct dirent *e; (e = readdir(dir));) {
		char relative[PATH_MAX], below[PATH_MAX];
		struct stat st;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		some = true;
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		snprintf(relative, sizeof(relative), "%s%s%s", prefix, prefix[0] ? "/" : "", e->d_name);
		if (!S_ISDIR(st.st_mode)) {
			file_collect(box, dirfd(dir), e->d_name, relative, st.st_mode);
		} else if (depth < 16) {
			snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
			directory_collect(box, below, relative, depth + 1);
		}
	}
	closedir(dir);
	return some;
}

/*
 * Names in a directory: /dev/shm, or the message queues. In one that is not the box's own only those that have its
 * ${ID} in them (`mine`) are surely ours; NULL: all are.
 */
static void names_collect(struct box *box, const char *path, bool queues, const char *mine)
{
	DIR *dir = surely_empty(path) ? NULL : opendir(path);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));) {
		const char *name = e->d_name;
		uint32_t owner;
		bool excused;

		if (!strcmp(name, ".") || !strcmp(name, "..") || (mine && !strstr(name, mine)))
			continue;
		owner = owner_of(box, strncmp(name, "sem.", 4) ? name : name + 4, 0, 0);
		excused = owner_excused(box->out, owner);
		if (queues)
			left_add(box->out, LEFT_MQ, owner, excused, "message queue /%s", name);
		else if (!strncmp(name, "sem.", 4))
			left_add(box->out, LEFT_SEM, owner, excused, "semaphore /%s", name + 4);
		else
			left_add(box->out, LEFT_SHM, owner, excused, "shared memory /%s", name);
		unlinkat(dirfd(dir), name, 0);
	}
	closedir(dir);
}

/* A named semaphore that a role has made, if it is still there. */
static void semaphore_collect(struct box *box, const struct object *o, uint32_t owner)
{
	static const char place[] = "/dev/shm/sem.";
	const char *name = o->name + sizeof(place) - 1;

	if (strncmp(o->name, place, sizeof(place) - 1) || box->private_shm ||
		was_before(box, before_hash(OBJ_POSIX_SHM, o->name + sizeof("/dev/shm/") - 1, 0)) || sem_unlink(name))
		return;
	left_add(box->out, LEFT_SEM, owner, owner_excused(box->out, owner), "semaphore /%s", name);
}

/* Without directories of our own: the objects that the roles were seen to make, if they are still there. */
static void named_collect(struct box *box)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a);
	bool queues_known = !access("/dev/mqueue", R_OK) || box->parts & NAMESPACES_IPC;

	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &a->objects[i];
		const char *name = !strncmp(o->name, "/dev/shm/", 9) ? o->name + 8 : o->name;
		uint32_t owner;
		bool excused;

		if (o->state != 2 || name[0] != '/' || o->proc >= ARENA_PROCS ||
			was_before(box, before_hash(o->kind, name + 1, 0)))
			continue;
		owner = a->procs[o->proc].role < box->n_instances ? a->procs[o->proc].role + 1 : 0;
		excused = owner_excused(box->out, owner);
		if (o->kind == OBJ_FILE)
			semaphore_collect(box, o, owner);
		else if (o->kind == OBJ_POSIX_SHM && !box->private_shm && !shm_unlink(name))
			left_add(box->out, LEFT_SHM, owner, excused, "shared memory %s", name);
		else if (o->kind == OBJ_POSIX_MQ && !box->mq[0] && (queues_known || strstr(name, box->id)) &&
			 !mq_unlink(name))
			left_add(box->out, LEFT_MQ, owner, excused, "message queue %s", name);
	}
}

/* Is it a socket or a FIFO that a role made in this run, and is it still there? */
static bool made_outside(const struct box *box, const struct object *o)
{
	bool socket = o->kind == OBJ_UNIX_STREAM || o->kind == OBJ_UNIX_SEQPACKET
			      ? o->flags & OBF_LISTENER
			      : o->kind == OBJ_UNIX_DGRAM && !(o->flags & OBF_CONNECTED);
	struct stat st;

	if (o->state != 2 || o->name[0] != '/' || o->proc >= ARENA_PROCS || lstat(o->name, &st))
		return false;
	/* Who writes into a FIFO changes its times, but then the injector has seen how it was made. */
	return o->kind == OBJ_FILE ? S_ISFIFO(st.st_mode)
				   : socket && S_ISSOCK(st.st_mode) && st.st_ctim.tv_sec >= box->start_wall.tv_sec;
}

/* Sockets and FIFOs that a role made at a path of its own outside ${TMP}. */
static void outside_collect(struct box *box)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a);
	size_t tmp = strlen(box->tmp);

	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &a->objects[i];
		bool fifo = o->kind == OBJ_FILE;
		uint32_t owner;

		if (!strncmp(o->name, box->tmp, tmp) || !made_outside(box, o))
			continue;
		owner = a->procs[o->proc].role < box->n_instances ? a->procs[o->proc].role + 1 : 0;
		left_add(box->out, fifo ? LEFT_FIFO : LEFT_SOCKET, owner, owner_excused(box->out, owner), "%s %s",
			fifo ? "FIFO" : "socket file", o->name);
		unlink(o->name);
	}
}

/* What the injector calls a System V object by: its id, which may be 0, and one more. */
static uint64_t sysv_key(int id)
{
	return (uint64_t)(uint32_t)id + 1;
}

static void sysv_found(struct box *box, uint32_t kind, const char *what, int id)
{
	uint32_t owner = owner_of(box, NULL, kind, sysv_key(id));

	left_add(box->out, LEFT_SYSV, owner, owner_excused(box->out, owner), "System V %s %d", what, id);
}

/* In an IPC namespace of the box's own every object is a role's. */
static void sysv_collect(struct box *box)
{
	struct msginfo messages;
	struct shm_info segments;
	struct seminfo semaphores;
	union semun arg = { .info = &semaphores };
	int top;

	top = msgctl(0, MSG_INFO, (struct msqid_ds *)&messages);
	for (int i = 0; top >= 0 && messages.msgpool > 0 && i <= top; i++) {
		struct msqid_ds ds;
		int id = msgctl(i, MSG_STAT, &ds);

		if (id >= 0) {
			sysv_found(box, OBJ_SYSV_MQ, "message queue", id);
			msgctl(id, IPC_RMID, NULL);
		}
	}
	top = shmctl(0, SHM_INFO, (struct shmid_ds *)&segments);
	for (int i = 0; top >= 0 && segments.used_ids > 0 && i <= top; i++) {
		struct shmid_ds ds;
		int id = shmctl(i, SHM_STAT, &ds);

		if (id >= 0) {
			sysv_found(box, OBJ_SYSV_SHM, "shared memory", id);
			shmctl(id, IPC_RMID, NULL);
		}
	}
	top = semctl(0, 0, SEM_INFO, arg);
	for (int i = 0; top >= 0 && semaphores.semusz > 0 && i <= top; i++) {
		struct semid_ds ds;
		union semun stat = { .buf = &ds };
		int id = semctl(i, 0, SEM_STAT, stat);

		if (id >= 0) {
			sysv_found(box, OBJ_SYSV_SEM, "semaphore set", id);
			semctl(id, 0, IPC_RMID);
		}
	}
}

/* Without one: the objects that the roles were seen to use. */
static void sysv_seen_collect(struct box *box)
{
	const struct arena *a = box->arena;
	uint32_t n = arena_n_objects(a);

	for (uint32_t i = 0; i < n; i++) {
		const struct object *o = &a->objects[i];
		int id = (int)(o->key - 1);

		if (o->state != 2 || was_before(box, before_hash(o->kind, NULL, (uint64_t)(uint32_t)id)))
			continue;
		if (o->kind == OBJ_SYSV_MQ && !msgctl(id, IPC_RMID, NULL))
			sysv_found(box, o->kind, "message queue", id);
		else if (o->kind == OBJ_SYSV_SHM && !shmctl(id, IPC_RMID, NULL))
			sysv_found(box, o->kind, "shared memory", id);
		else if (o->kind == OBJ_SYSV_SEM && !semctl(id, 0, IPC_RMID))
			sysv_found(box, o->kind, "semaphore set", id);
	}
}

void leftovers_collect(struct box *box)
{
	if (directory_collect(box, box->tmp, "", 0))
		tree_clear(box->tmp);
	outside_collect(box);
	if (!box->private_shm || !box->mq[0])
		named_collect(box);
	names_collect(box, "/dev/shm", false, box->private_shm ? NULL : box->id);
	if (box->mq[0])
		names_collect(box, box->mq, true, NULL);
	if (box->parts & NAMESPACES_IPC)
		sysv_collect(box);
	else
		sysv_seen_collect(box);
}
