/* SPDX-License-Identifier: MIT */
/*
 * Memory that is shared by a file (POSIX shared memory, memfd): which is mapped where, and cutting it short. That is
 * what any other process does that has it open for writing; Linux refuses it to nobody but by a seal. Whoever then
 * touches a page that is gone gets SIGBUS.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAPPINGS = 64 };

/* The last of them; a slot is taken by counting up. Inherited by fork like the mappings. */
static struct {
	_Atomic uint64_t start, end;
	_Atomic uint32_t object;
} mappings[MAPPINGS];
static _Atomic uint32_t n_mappings;

void segment_mapped(const struct inv *v)
{
	uint32_t i = atomic_fetch_add(&n_mappings, 1) % MAPPINGS;

	atomic_store(&mappings[i].object, 0);
	atomic_store(&mappings[i].start, (uint64_t)v->result);
	atomic_store(&mappings[i].end, (uint64_t)v->result + (uint64_t)v->a[1]);
	atomic_store(&mappings[i].object, v->object);
}

/* The memory that the lock at this address lies in; index + 1, or 0. The latest mapping counts. */
static uint32_t segment_at(uint64_t address)
{
	uint32_t n = atomic_load(&n_mappings);

	for (uint32_t k = 0; k < n && k < MAPPINGS; k++) {
		uint32_t i = (n - 1 - k) % MAPPINGS;

		if (address >= atomic_load(&mappings[i].start) && address < atomic_load(&mappings[i].end))
			return atomic_load(&mappings[i].object);
	}
	return 0;
}

static bool is_lock(const struct inv *v)
{
	return v->shape == SH_SEM || v->shape == SH_SEM_TIMED || v->shape == SH_MUTEX || v->shape == SH_MUTEX_TIMED ||
		v->shape == SH_COND || v->shape == SH_COND_TIMED;
}

/* A description of its own, open for writing, of what the call is about. -1: errno says why. */
static int segment_open(const struct inv *v, const struct object *o)
{
	char path[32] = "/proc/self/fd/", digits[12];
	int i = 0, n = v->fd;

	if (is_lock(v))
		return (int)syscall(SYS_openat, AT_FDCWD, o->name, O_RDWR | O_CLOEXEC);
	do
		digits[i++] = (char)('0' + n % 10);
	while ((n /= 10));
	for (size_t at = strlen(path); i; at++)
		path[at] = digits[--i];
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
}

/* Could another process have it? One has met it before this one; or it has a name by which it can be opened. */
static bool is_within_reach(const struct object *o, const struct stat *st)
{
	return o->proc != self->proc || (o->kind == OBJ_POSIX_SHM && st->st_nlink > 0);
}

static enum refusal segment_cut(const struct inv *v, const struct object *o, const struct strike *s)
{
	int fd = segment_open(v, o);
	enum refusal refusal = REFUSED_NOT;
	struct stat st;

	if (fd < 0)
		return REFUSED_RIGHTS;
	if (fd_stat(fd, &st) || s->fault->value >= st.st_size)
		refusal = REFUSED_NOT_SHORTER;
	else if (s->fault->realism == REALISM_LINUX && !is_within_reach(o, &st))
		refusal = REFUSED_PRIVATE;
	else if (syscall(SYS_ftruncate, fd, s->fault->value))
		refusal = errno == EPERM ? REFUSED_SEALED : REFUSED_RIGHTS;
	syscall(SYS_close, fd);
	return refusal;
}

enum refusal segment_truncate(const struct inv *v, const struct strike *s)
{
	const struct object *o = object_at(is_lock(v) ? segment_at((uint64_t)v->a[0]) : v->object);
	enum refusal refusal;
	int saved = errno;

	if (!o || (o->kind != OBJ_POSIX_SHM && (o->kind != OBJ_MEMFD || is_lock(v))) || (!is_lock(v) && v->fd < 0))
		return REFUSED_KIND;
	refusal = segment_cut(v, o, s);
	errno = saved;
	return refusal;
}
