/* SPDX-License-Identifier: MIT */
/*
 * posix-shm with a mutex. All clients share the server's box (0), so only one may be in it at a time: a mutex in the
 * segment. It is robust: if its owner is killed, the next one to lock it gets EOWNERDEAD, puts things in order and goes
 * on. A condition variable of the C library is not robust (a process killed inside it leaves it unusable), so here
 * everybody sleeps on a bell: a word that is counted up, under the mutex, whenever something has changed.
 */
#include <errno.h>
#include <pthread.h>

#include "core/techniques/shm_designs.h"
#include "core/techniques/shm_futex.h"
#include "core/base/banned.h"

struct bell {
	_Atomic uint32_t rung;		/* how often: what a sleeper sleeps on */
	_Atomic uint32_t sleepers;	/* nobody there: no need to call the kernel */
};

struct shared_box {
	pthread_mutex_t mutex;
	struct bell filled, freed;	/* a record was put in, taken out */
};

struct mutex_link {
	struct link link;
	struct shm_area *area;
	struct shared_box *boxes;
	const struct ref_options *o;
};

/* Box 0 is the server's, box i is client i's. */
static uint32_t box_of(uint32_t id)
{
	return id == SERVER_ID ? 0 : id;
}

/* Locks; waits for PATIENCE_NS at most, for the owner may have been stopped. */
static enum link_end box_lock(struct shared_box *b)
{
	int64_t end = now_ns() + PATIENCE_NS;
	struct timespec until = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };
	int r = pthread_mutex_clocklock(&b->mutex, CLOCK_MONOTONIC, &until);

	if (r == EOWNERDEAD) {
		/*
		 * The owner was killed in the box. A record counts only from shm_box_publish() on, so what it had
		 * begun is not there, and what is there is whole: nothing to repair but the mutex.
		 */
		r = pthread_mutex_consistent(&b->mutex);
	}
	if (r == 0)
		return LINK_OK;
	errno = r;
	say_errno("the mutex of a box");
	return LINK_FAILED;
}

static void box_unlock(struct shared_box *b)
{
	pthread_mutex_unlock(&b->mutex);
}

/*
 * Called and returns with the box locked (unless it returns LINK_FAILED): sleeps until the bell has rung. The bell was
 * read under the lock: whoever changes something from now on makes it differ, and futex(2) does not sleep.
 */
static enum link_end bell_wait(struct shared_box *b, struct bell *bell, int64_t deadline_ns, int peer)
{
	uint32_t seen = atomic_load(&bell->rung);

	atomic_fetch_add(&bell->sleepers, 1);
	box_unlock(b);
	shm_futex_wait(&bell->rung, seen);	/* not for ever: the clock ticks */
	atomic_fetch_sub(&bell->sleepers, 1);
	if (box_lock(b) != LINK_OK)
		return LINK_FAILED;
	if (atomic_load(&bell->rung) != seen)
		return LINK_OK;
	if (deadline_ns && now_ns() >= deadline_ns)
		return LINK_SILENT;
	return shm_process_gone(peer) ? LINK_CLOSED : LINK_OK;
}

/* Something has changed in the box: rings while it is locked, unlocks it, and wakes who sleeps. */
static void box_unlock_changed(struct shared_box *b, struct bell *bell)
{
	bool wake;

	atomic_fetch_add(&bell->rung, 1);
	wake = atomic_load(&bell->sleepers) > 0;
	box_unlock(b);
	if (wake)
		shm_futex_wake(&bell->rung);
}

/* Mistake: sleeps first and looks afterwards. A bell that rang while we were busy elsewhere is never heard. */
static enum link_end bell_wait_blindly(struct shared_box *b, struct bell *bell, int64_t deadline_ns)
{
	uint32_t heard = atomic_load(&bell->rung);
	enum link_end end = LINK_OK;

	while (end == LINK_OK && atomic_load(&bell->rung) == heard)
		end = bell_wait(b, bell, deadline_ns, 0);
	return end;
}

static enum link_end mutex_send(struct link *link, uint32_t to, const struct message *m)
{
	struct mutex_link *l = (struct mutex_link *)link;
	uint32_t box = box_of(to);
	struct shared_box *b = &l->boxes[box];
	int64_t deadline_ns = now_ns() + PATIENCE_NS;
	enum link_end end = box_lock(b);
	struct message *record;

	if (end != LINK_OK)
		return end;
	while (shm_box_full(l->area, box) && end == LINK_OK)
		end = bell_wait(b, &b->freed, deadline_ns, atomic_load(&l->area->pids[box]));
	if (end != LINK_OK) {
		if (end != LINK_FAILED)
			box_unlock(b);
		return end;
	}
	record = shm_box_blank(l->area, box);
	/* Mistake: the record is announced and the box given back before the record is written. */
	if (mistake(TORN_RECORD)) {
		shm_box_publish(l->area, box);
		box_unlock_changed(b, &b->filled);
		shm_record_fill(record, m);
		return LINK_OK;
	}
	shm_record_fill(record, m);
	shm_box_publish(l->area, box);
	box_unlock_changed(b, &b->filled);
	return LINK_OK;
}

static enum link_end mutex_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct mutex_link *l = (struct mutex_link *)link;
	uint32_t box = l->o->server ? 0 : l->o->client;
	struct shared_box *b = &l->boxes[box];
	int peer = l->o->server ? 0 : atomic_load(&l->area->pids[0]);
	enum link_end end = box_lock(b);

	if (end != LINK_OK)
		return end;
	if (mistake(LOST_WAKEUP))
		end = bell_wait_blindly(b, &b->filled, deadline_ns);
	while (end == LINK_OK && shm_box_empty(l->area, box))
		end = bell_wait(b, &b->filled, deadline_ns, peer);
	if (end != LINK_OK) {
		if (end != LINK_FAILED)
			box_unlock(b);
		return end;
	}
	*size = shm_record_copy(l->area, m, shm_box_oldest(l->area, box));
	shm_box_release(l->area, box);
	box_unlock_changed(b, &b->freed);
	return LINK_OK;
}

static uint32_t mutex_boxes(const struct ref_options *o)
{
	return o->n_clients + 1;
}

static size_t mutex_locks(const struct ref_options *o)
{
	return mutex_boxes(o) * sizeof(struct shared_box);
}

static int mutex_prepare(struct shm_area *a, const struct ref_options *o)
{
	struct shared_box *boxes = shm_area_locks(a);
	pthread_mutexattr_t attributes;
	int r = pthread_mutexattr_init(&attributes);

	if (r == 0)
		r = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	/* Mistake: without this, a mutex whose owner is killed stays locked for ever. */
	if (r == 0 && !mistake(NON_ROBUST_MUTEX))
		r = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (uint32_t i = 0; r == 0 && i < mutex_boxes(o); i++)
		r = pthread_mutex_init(&boxes[i].mutex, &attributes);
	pthread_mutexattr_destroy(&attributes);
	if (r == 0)
		return 0;
	errno = r;
	return say_errno("making the mutexes");
}

static struct link *mutex_link(struct shm_area *a, const struct ref_options *o)
{
	static struct mutex_link l;

	l = (struct mutex_link){
		.link = { .send = mutex_send, .receive = mutex_receive, .largest = o->size_max, .under_way = SIZE_MAX,
			.most_under_way = SHM_SLOTS },
		.area = a, .boxes = shm_area_locks(a), .o = o,
	};
	return &l.link;
}

const struct shm_design shm_mutex = {
	.boxes = mutex_boxes, .locks = mutex_locks, .prepare = mutex_prepare, .link = mutex_link,
};
