/* SPDX-License-Identifier: MIT */
/*
 * The three shared memories. Bare memory knows no messages, so a small ring is put on top: slots, and three counting
 * semaphores (free slots, full slots, the writers' lock) of the kind that usually goes with each: sem_t, System V
 * semaphores, futexes. Experiments on bare memory use end.map beyond the ring.
 */
#include "core/techniques/probes/link.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/techniques/probes/links.h"
#include "core/techniques/probes/memory.h"
#include "core/base/banned.h"

enum { SLOTS = 8, SLOT_BYTES = 4096, TIMED_SECONDS = 30, PAGE = 4096 };
enum { SEM_FREE, SEM_FULL, SEM_LOCK, N_SEMS };

struct slot {
	size_t n;
	unsigned char bytes[SLOT_BYTES];
};

struct ring {
	sem_t sems[N_SEMS];
	_Atomic uint32_t words[N_SEMS];
	uint64_t head, tail;
	struct slot slots[SLOTS];
};
static_assert(sizeof(struct ring) <= MEMORY_BARE, "the ring reaches into the bare memory");

static const unsigned initial[N_SEMS] = { SLOTS, 0, 1 };

static struct timespec later(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += TIMED_SECONDS;
	return t;
}

static int wait_posix(struct end *e, int which, unsigned flags)
{
	sem_t *s = &((struct ring *)e->map)->sems[which];
	struct timespec until = later(CLOCK_REALTIME);
	int result;

	if (flags & PARCEL_DONTWAIT)
		result = sem_trywait(s);
	else if (flags & PARCEL_TIMED)
		result = sem_timedwait(s, &until);
	else
		result = sem_wait(s);
	return result ? -errno : 0;
}

static int post_posix(struct end *e, int which)
{
	return sem_post(&((struct ring *)e->map)->sems[which]) ? -errno : 0;
}

static int wait_sysv(struct end *e, int which, unsigned flags)
{
	struct sembuf op = { .sem_num = (unsigned short)which, .sem_op = -1 };
	struct timespec t = { .tv_sec = TIMED_SECONDS };

	op.sem_flg = (short)(flags & PARCEL_DONTWAIT ? IPC_NOWAIT : 0);
	return semtimedop(e->place->id2, &op, 1, flags & PARCEL_TIMED ? &t : NULL) ? -errno : 0;
}

static int post_sysv(struct end *e, int which)
{
	struct sembuf op = { .sem_num = (unsigned short)which, .sem_op = 1 };

	return semop(e->place->id2, &op, 1) ? -errno : 0;
}

static int wait_futex(struct end *e, int which, unsigned flags)
{
	_Atomic uint32_t *word = &((struct ring *)e->map)->words[which];
	struct timespec t = { .tv_sec = TIMED_SECONDS };

	for (;;) {
		uint32_t now = atomic_load(word);

		if (now > 0) {
			if (atomic_compare_exchange_weak(word, &now, now - 1))
				return 0;
		} else if (flags & PARCEL_DONTWAIT) {
			return -EAGAIN;
		} else if (syscall(SYS_futex, word, FUTEX_WAIT, 0, flags & PARCEL_TIMED ? &t : NULL, NULL, 0) &&
			   errno != EAGAIN) {
			return -errno;
		}
	}
}

static int post_futex(struct end *e, int which)
{
	_Atomic uint32_t *word = &((struct ring *)e->map)->words[which];

	atomic_fetch_add(word, 1);
	return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? -errno : 0;
}

static int sem_wait_on(struct end *e, int which, unsigned flags)
{
	if (e->link == &link_posix_shm)
		return wait_posix(e, which, flags);
	return e->link == &link_sysv_shm ? wait_sysv(e, which, flags) : wait_futex(e, which, flags);
}

static int sem_post_on(struct end *e, int which)
{
	if (e->link == &link_posix_shm)
		return post_posix(e, which);
	return e->link == &link_sysv_shm ? post_sysv(e, which) : post_futex(e, which);
}

static ssize_t ring_send(struct end *e, const struct parcel *p)
{
	struct ring *r = e->map;
	struct slot *s;
	int result;

	if (p->n > SLOT_BYTES)
		return -EMSGSIZE;
	result = sem_wait_on(e, SEM_FREE, p->flags);
	if (result)
		return result;
	do {
		result = sem_wait_on(e, SEM_LOCK, 0);
	} while (result == -EINTR);
	s = &r->slots[r->tail++ % SLOTS];
	s->n = p->n;
	memcpy(s->bytes, p->bytes, p->n);
	sem_post_on(e, SEM_LOCK);
	sem_post_on(e, SEM_FULL);
	return (ssize_t)p->n;
}

static ssize_t ring_receive(struct end *e, struct parcel *p)
{
	struct ring *r = e->map;
	struct slot *s;
	int result = sem_wait_on(e, SEM_FULL, p->flags);
	size_t n;

	if (result)
		return result;
	s = &r->slots[r->head++ % SLOTS];
	n = s->n < p->n ? s->n : p->n;
	p->truncated = n < s->n;
	memcpy(p->bytes, s->bytes, n);
	sem_post_on(e, SEM_FREE);
	return (ssize_t)n;
}

static void ring_init(struct ring *r)
{
	for (int i = 0; i < N_SEMS; i++) {
		sem_init(&r->sems[i], 1, initial[i]);
		atomic_store(&r->words[i], initial[i]);
	}
}

/* One page more than the object has, so that what lies beyond its end can be asked too. */
static int fd_map(struct end *e, int fd)
{
	e->map = mmap(NULL, LINK_SEGMENT + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (e->map == MAP_FAILED)
		return -errno;
	e->map_size = LINK_SEGMENT;
	e->fd = fd;
	return 0;
}

static int fd_init(int fd)
{
	struct ring *r;

	if (ftruncate(fd, LINK_SEGMENT))
		return -errno;
	r = mmap(NULL, LINK_SEGMENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r == MAP_FAILED)
		return -errno;
	ring_init(r);
	munmap(r, LINK_SEGMENT);
	return 0;
}

static int posix_make(struct place *p)
{
	int fd = shm_open(p->name, O_RDWR | O_CREAT | O_EXCL, 0600), result;

	if (fd < 0)
		return -errno;
	result = fd_init(fd);
	close(fd);
	return result;
}

static int posix_open(struct end *e)
{
	int fd = shm_open(e->place->name, O_RDWR, 0);

	return fd < 0 ? -errno : fd_map(e, fd);
}

static void posix_destroy(struct place *p)
{
	shm_unlink(p->name);
}

static int memfd_make(struct place *p)
{
	p->fds[0] = memfd_create("sabot-probe", MFD_CLOEXEC);
	return p->fds[0] < 0 ? -errno : fd_init(p->fds[0]);
}

static int memfd_open(struct end *e)
{
	return fd_map(e, e->place->fds[0]);
}

static void memfd_destroy(struct place *p)
{
	(void)p;
}

static int sysv_make(struct place *p)
{
	p->id = shmget(IPC_PRIVATE, LINK_SEGMENT, IPC_CREAT | 0600);
	p->id2 = semget(IPC_PRIVATE, N_SEMS, IPC_CREAT | 0600);
	if (p->id < 0 || p->id2 < 0)
		return -errno;
	for (int i = 0; i < N_SEMS; i++)
		if (semctl(p->id2, i, SETVAL, initial[i]))
			return -errno;
	return 0;
}

static int sysv_open(struct end *e)
{
	/* Reserved first, so that the page behind the segment is certainly nobody's. */
	void *at = mmap(NULL, LINK_SEGMENT + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	e->map = shmat(e->place->id, at, SHM_REMAP);
	if (e->map == (void *)-1)
		return -errno;
	e->map_size = LINK_SEGMENT;
	return 0;
}

static void sysv_destroy(struct place *p)
{
	if (p->id >= 0)
		shmctl(p->id, IPC_RMID, NULL);
	if (p->id2 >= 0)
		semctl(p->id2, 0, IPC_RMID);
	p->id = p->id2 = -1;
}

static ssize_t segment_limit(struct end *e)
{
	struct shmid_ds d;
	struct stat s;

	if (e->fd >= 0)
		return fstat(e->fd, &s) ? -errno : s.st_size;
	return shmctl(e->place->id, IPC_STAT, &d) ? -errno : (ssize_t)d.shm_segsz;
}

static pid_t segment_last_pid(struct end *e)
{
	struct shmid_ds d;

	return shmctl(e->place->id, IPC_STAT, &d) ? 0 : d.shm_lpid;
}

#define MEMORY(name_, title, reach_, make_, open_, destroy_, last_pid_) \
	const struct link name_ = { \
		.name = title, \
		.reach = reach_, \
		.traits = LINK_MEMORY, \
		.bytes = SLOT_BYTES, \
		.n_classes = 1, \
		.limit_word = "segment-size", \
		.make = make_, \
		.receiver = open_, \
		.sender = open_, \
		.send = ring_send, \
		.receive = ring_receive, \
		.destroy = destroy_, \
		.limit = segment_limit, \
		.last_pid = last_pid_, \
	}

MEMORY(link_posix_shm, "posix-shm", REACH_BY_NAME, posix_make, posix_open, posix_destroy, NULL);
MEMORY(link_sysv_shm, "sysv-shm", REACH_BY_NAME, sysv_make, sysv_open, sysv_destroy, segment_last_pid);
MEMORY(link_memfd, "memfd", REACH_BY_FD, memfd_make, memfd_open, memfd_destroy, NULL);
