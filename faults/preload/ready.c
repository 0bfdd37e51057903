/* SPDX-License-Identifier: MIT */
/*
 * What poll, select and epoll have told. What they call readable is there until somebody takes it, and what they call
 * writable has room until somebody uses it: Linux says no EAGAIN in between. Kept only where a plan has a fault that
 * would say it.
 */
#include "faults/preload/inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/str.h"

enum direction { IN, OUT, N_DIRECTIONS };
enum { LIST_ROOM = 2048, PID_ROOM = 32 };

static const short readable = POLLIN | POLLRDNORM | POLLHUP | POLLERR | POLLRDHUP;

/* A bit per object: told, and nothing done with it since. */
static _Atomic uint64_t told[N_DIRECTIONS][ARENA_OBJECTS / 64];

static void mark(enum direction which, int fd)
{
	uint32_t object = object_of_fd(fd);

	if (object)
		atomic_fetch_or(&told[which][(object - 1) / 64], (uint64_t)1 << (object - 1) % 64);
}

static void unmark(enum direction which, uint32_t object)
{
	if (object)
		atomic_fetch_and(&told[which][(object - 1) / 64], ~((uint64_t)1 << (object - 1) % 64));
}

static void mark_all(int fd, int events)
{
	if (events & readable)
		mark(IN, fd);
	if (events & POLLOUT)
		mark(OUT, fd);
}

static void note_select(const struct inv *v)
{
	const fd_set *in = (const fd_set *)v->a[1], *out = (const fd_set *)v->a[2];

	for (int fd = 0; fd < (int)v->a[0] && fd < FD_SETSIZE; fd++)
		mark_all(fd, (in && FD_ISSET(fd, in) ? POLLIN : 0) | (out && FD_ISSET(fd, out) ? POLLOUT : 0));
}

/* epoll gives back what the program has stored, which may be the same for several: the kernel is asked which it is. */
static void note_epoll(const struct inv *v)
{
	const struct epoll_event *events = (const struct epoll_event *)v->a[1];
	struct timespec at_once = { 0 };

	for (long i = 0; i < v->result; i++) {
		struct pollfd p = { .events = POLLIN | POLLOUT };
		unsigned at = 0;

		while ((p.fd = edge_meant((int)v->a[0], &events[i], &at)) >= 0)
			if (syscall(SYS_ppoll, &p, 1, &at_once, NULL, 0) == 1)
				mark_all(p.fd, p.revents & (int)events[i].events);
	}
}

static void note_wait(const struct inv *v)
{
	const struct pollfd *set = (const struct pollfd *)v->a[0];

	if (v->shape == SH_SELECT)
		note_select(v);
	else if (v->shape == SH_EPOLL || v->shape == SH_EPOLL2)
		note_epoll(v);
	else
		for (long i = 0; i < v->a[1]; i++)
			mark_all(set[i].fd, set[i].revents);
}

void ready_note(const struct inv *v)
{
	int saved = errno;

	switch (row_family[v->row]) {
	case FAMILY_WAIT:
		if (v->result > 0 && !v->skip)
			note_wait(v);
		break;
	case FAMILY_RECEIVE:
		if (peeks(v) && v->result > 0)
			mark(IN, v->fd);
		else if (!peeks(v) && !(v->result == -1 && saved == EINTR))
			unmark(IN, v->object);
		break;
	case FAMILY_SEND:
		if (!(v->result == -1 && saved == EINTR))
			unmark(OUT, v->object);
		break;
	default:
		break;
	}
	errno = saved;
}

/* Has a thread of this process other than this one moved something there, or is it about to? */
static bool thread_takes(const struct inv *v)
{
	uint32_t tid = v->thread ? atomic_load(&v->thread->tid) : 0, n = atomic_load(&arena->next_chunk);

	for (uint32_t i = 0; i < arena_n_threads(arena); i++) {
		const struct thread *t = &arena->threads[i];
		uint32_t call = atomic_load(&t->call);

		if (call && t != v->thread && t->object == v->object && t->proc == self->proc &&
			row_family[call - 1] == row_family[v->row])
			return true;
	}
	for (uint32_t c = 0; c < n && c < atomic_load(&arena->n_chunks); c++) {
		uint32_t used = atomic_load(&arena->chunks[c].used);

		for (uint32_t i = 0; arena->chunks[c].proc == self->proc && i < used && i < CHUNK_EVENTS; i++) {
			const struct event *e = &arena->chunks[c].events[i];

			if (e->seal == atomic_load(&arena->generation) && e->kind == EV_CALL &&
				e->object == v->object && e->tid != tid && row_family[e->call] == row_family[v->row])
				return true;
		}
	}
	return false;
}

static bool has_threads(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < arena_n_threads(arena); i++)
		n += atomic_load(&arena->threads[i].tid) && arena->threads[i].proc == self->proc;
	return n > 1;
}

/* Is it the same file, and open in the right direction? The link of a descriptor has the access as its mode. */
static bool is_other_end(int directory, const char *name, const struct stat *mine, mode_t access)
{
	struct stat st;

	return syscall(SYS_newfstatat, directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mode & access &&
	       syscall(SYS_newfstatat, directory, name, &st, 0) == 0 && st.st_ino == mine->st_ino &&
	       st.st_dev == mine->st_dev;
}

static bool process_holds(int32_t pid, const struct stat *mine, mode_t access)
{
	_Alignas(8) char list[LIST_ROOM];
	char path[PID_ROOM] = "/proc/";
	bool found = false;
	long n;
	int fd;

	*number_put(path + strlen(path), path + sizeof(path) - sizeof("/fd"), (uint64_t)pid) = '\0';
	text_copy(path + strlen(path), sizeof(path) - strlen(path), "/fd");
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (!found && (n = syscall(SYS_getdents64, fd, list, sizeof(list))) > 0)
		for (long at = 0; at < n && !found;) {
			const struct dirent64 *e = (const struct dirent64 *)(list + at);

			found = e->d_name[0] != '.' && is_other_end(fd, e->d_name, mine, access);
			at += e->d_reclen;
		}
	syscall(SYS_close, fd);
	return found;
}

/* Another process has the same end open, and may take what there is, or use up the room. */
static bool process_takes(const struct inv *v)
{
	uint32_t n = atomic_load(&arena->n_procs);
	mode_t access = row_family[v->row] == FAMILY_SEND ? S_IWUSR : S_IRUSR;
	struct stat mine;

	if (fd_stat(v->fd, &mine))
		return false;
	for (uint32_t i = 0; i < n && i < ARENA_PROCS; i++) {
		const struct proc *p = &arena->procs[i];

		if (i != self->proc && atomic_load(&p->state) == PROC_ALIVE && p->pid > 1 && p->pid != self->pid &&
			process_holds(p->pid, &mine, access))
			return true;
	}
	return false;
}

bool ready_shared(const struct inv *v, bool sole)
{
	int saved = errno;
	bool shared = thread_takes(v) || (!sole && (has_threads() || process_takes(v)));

	errno = saved;
	return shared;
}

/* Things of which a report is a promise. TCP may be short of memory all the same when it is to send. */
static bool promises(const struct inv *v, bool out)
{
	const struct object *o = object_at(v->object);
	int flags;

	switch (o ? o->kind : OBJ_NONE) {
	case OBJ_UNIX_STREAM: case OBJ_UNIX_SEQPACKET: case OBJ_PIPE: case OBJ_FIFO:
		return true;
	case OBJ_SOCKETPAIR:
		return !out || o->type != SOCK_DGRAM;
	case OBJ_TCP: case OBJ_PTY: case OBJ_UNIX_DGRAM: case OBJ_POSIX_MQ: case OBJ_EVENTFD:
		return !out;
	case OBJ_UDP:	/* a wrong checksum is found before the report only where the descriptor blocks (udp_poll) */
		flags = (int)syscall(SYS_fcntl, v->fd, F_GETFL);
		return !out && flags >= 0 && !(flags & O_NONBLOCK);
	default:
		return false;
	}
}

/* A queue of messages tells by itself whether there is one. Of its room nobody knows how little it may be elsewhere. */
static bool queue_holds(const struct inv *v)
{
	struct mq_attr now;

	return object_at(v->object)->kind == OBJ_POSIX_MQ && syscall(SYS_mq_getsetattr, v->fd, NULL, &now) == 0 &&
	       now.mq_curmsgs > 0;
}

bool ready_told(const struct inv *v, bool sole)
{
	bool out = row_family[v->row] == FAMILY_SEND;
	uint32_t bit = v->object - 1;

	if ((!out && row_family[v->row] != FAMILY_RECEIVE) || !v->object)
		return false;
	if (!out && queue_holds(v))
		return !ready_shared(v, sole);
	if (!promises(v, out))
		return false;
	return atomic_load(&told[out ? OUT : IN][bit / 64]) >> bit % 64 & 1 && !ready_shared(v, sole);
}
