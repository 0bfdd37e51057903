/* SPDX-License-Identifier: MIT */
/*
 * posix-shm with semaphores. A semaphore belongs to nobody: if the process that took it is killed, it stays taken for
 * ever. So nobody holds one here while working. Every pair of writer and reader has a box of its own, and semaphores
 * only count: `room` the free records of a box, `items` the full ones (for the server: `work`, those of all its boxes).
 * A client that is killed at any step spoils nothing but its own box.
 */
#include <errno.h>
#include <semaphore.h>

#include "core/techniques/shm_designs.h"
#include "core/base/banned.h"

struct semaphores {
	sem_t work;		/* full records in the boxes of all clients */
	sem_t lock;		/* for the mistake only */
	struct {
		sem_t room, items;
	} of[SHM_BOXES];
};

struct semaphore_link {
	struct link link;
	struct shm_area *area;
	struct semaphores *sems;
	const struct ref_options *o;
	uint32_t next;		/* the client whose box the server looks into first */
};

/* The boxes: 2i-1 from client i to the server, 2i back. Box 0 is not used. */
static uint32_t box_up(uint32_t client)
{
	return 2 * client - 1;
}

static uint32_t box_down(uint32_t client)
{
	return 2 * client;
}

/*
 * Takes one from the semaphore: LINK_OK; LINK_SILENT when the deadline (0: none) has passed; LINK_CLOSED when the process
 * that would have to post is gone.
 */
static enum link_end sem_take(sem_t *s, int64_t deadline_ns, int poster)
{
	for (;;) {
		int64_t end = shm_slice_end(deadline_ns);
		struct timespec until = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };

		if (sem_clockwait(s, CLOCK_MONOTONIC, &until) == 0)
			return LINK_OK;
		/* Mistake: a signal ended the wait, not the semaphore. Nothing is wrong; wait again. */
		if (errno == EINTR && !mistake(NO_EINTR_RETRY))
			continue;
		if (errno != ETIMEDOUT) {
			say_errno("sem_clockwait");
			return LINK_FAILED;
		}
		if (deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
		if (shm_process_gone(poster))
			return LINK_CLOSED;
	}
}

/*
 * Mistake: one binary semaphore around every use of the segment. Correct as long as everybody lives; a process killed
 * between these two leaves it at 0, and everybody else waits for ever.
 */
static void enter_if_mistaken(struct semaphores *s)
{
	while (mistake(SEM_LEFT_TAKEN) && sem_wait(&s->lock) < 0 && errno == EINTR)
		;
}

static void leave_if_mistaken(struct semaphores *s)
{
	if (mistake(SEM_LEFT_TAKEN))
		sem_post(&s->lock);
}

static enum link_end semaphore_send(struct link *link, uint32_t to, const struct message *m)
{
	struct semaphore_link *l = (struct semaphore_link *)link;
	bool up = to == SERVER_ID;
	uint32_t box = up ? box_up(l->o->client) : box_down(to);
	sem_t *items = up ? &l->sems->work : &l->sems->of[box].items;
	int reader = atomic_load(&l->area->pids[up ? 0 : to]);
	enum link_end end = sem_take(&l->sems->of[box].room, now_ns() + PATIENCE_NS, reader);

	if (end != LINK_OK)
		return end;
	enter_if_mistaken(l->sems);
	if (mistake(TORN_RECORD)) {
		/* Mistake: the record is announced before it is written. A quick reader gets what lay there before. */
		shm_box_publish(l->area, box);
		sem_post(items);
		atomic_thread_fence(memory_order_seq_cst);
		shm_record_fill(shm_box_before(l->area, box), m);
	} else {
		shm_record_fill(shm_box_blank(l->area, box), m);
		shm_box_publish(l->area, box);
		sem_post(items);
	}
	leave_if_mistaken(l->sems);
	return LINK_OK;
}

static size_t box_take(struct semaphore_link *l, uint32_t box, struct message *m)
{
	size_t size;

	enter_if_mistaken(l->sems);
	size = shm_record_copy(l->area, m, shm_box_oldest(l->area, box));
	shm_box_release(l->area, box);
	sem_post(&l->sems->of[box].room);
	leave_if_mistaken(l->sems);
	return size;
}

/* The server's: one post to `work` means one record in one of the boxes; begin after the client served last. */
static enum link_end work_receive(struct semaphore_link *l, struct message *m, size_t *size, int64_t deadline_ns)
{
	uint32_t n = l->o->n_clients;
	enum link_end end;

	while ((end = sem_take(&l->sems->work, deadline_ns, 0)) == LINK_OK) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t client = (l->next + i) % n + 1;

			if (shm_box_empty(l->area, box_up(client)))
				continue;
			*size = box_take(l, box_up(client), m);
			l->next = client % n;
			return LINK_OK;
		}
	}
	return end;
}

static enum link_end semaphore_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct semaphore_link *l = (struct semaphore_link *)link;
	uint32_t box;
	enum link_end end;

	if (l->o->server)
		return work_receive(l, m, size, deadline_ns);
	box = box_down(l->o->client);
	end = sem_take(&l->sems->of[box].items, deadline_ns, atomic_load(&l->area->pids[0]));
	if (end == LINK_OK)
		*size = box_take(l, box, m);
	return end;
}

static uint32_t semaphore_boxes(const struct ref_options *o)
{
	return 2 * o->n_clients + 1;
}

static size_t semaphore_locks(const struct ref_options *o)
{
	(void)o;
	return sizeof(struct semaphores);
}

static int semaphore_prepare(struct shm_area *a, const struct ref_options *o)
{
	struct semaphores *s = shm_area_locks(a);
	const int shared = 1;	/* between processes, not only threads */

	if (sem_init(&s->work, shared, 0) < 0 || sem_init(&s->lock, shared, 1) < 0)
		return say_errno("sem_init");
	for (uint32_t box = 0; box < semaphore_boxes(o); box++)
		if (sem_init(&s->of[box].room, shared, SHM_SLOTS) < 0 || sem_init(&s->of[box].items, shared, 0) < 0)
			return say_errno("sem_init");
	return 0;
}

static struct link *semaphore_link(struct shm_area *a, const struct ref_options *o)
{
	static struct semaphore_link l;

	l = (struct semaphore_link){
		.link = { .send = semaphore_send, .receive = semaphore_receive, .largest = o->size_max,
			.under_way = SIZE_MAX, .most_under_way = SHM_SLOTS },
		.area = a, .sems = shm_area_locks(a), .o = o,
	};
	return &l.link;
}

const struct shm_design shm_semaphore = {
	.boxes = semaphore_boxes, .locks = semaphore_locks, .prepare = semaphore_prepare, .link = semaphore_link,
};
