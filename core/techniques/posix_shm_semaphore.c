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
	uint32_t next, found;	/* the client whose box the server looks into first; where it found a record */
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

static bool room_there(struct semaphore_link *l, uint32_t box)
{
	return !shm_box_full(l->area, box);
}

static bool item_there(struct semaphore_link *l, uint32_t box)
{
	return !shm_box_empty(l->area, box);
}

/* The server's: a record in the box of some client; begins after the one that it served last. */
static bool work_there(struct semaphore_link *l, uint32_t all)
{
	(void)all;
	for (uint32_t i = 0; i < l->o->n_clients; i++) {
		l->found = (l->next + i) % l->o->n_clients + 1;
		if (!shm_box_empty(l->area, box_up(l->found)))
			return true;
	}
	return false;
}

/*
 * Takes one from the semaphore and looks whether there really is what it counts. A process that was killed between its
 * two steps has left the count one too low or too high, so the box itself decides, and is looked at when the clock
 * ticks.
 * LINK_SILENT: the deadline (0: none) has passed; LINK_CLOSED: the process that would have to post is gone.
 */
static enum link_end sem_take(struct semaphore_link *l, sem_t *s, bool (*there)(struct semaphore_link *l, uint32_t box),
	uint32_t box, int64_t deadline_ns, int poster)
{
	for (;;) {
		int r = sem_wait(s);

		/*
		 * Mistake: a signal ended the wait (here even the ticking of the clock), not the semaphore. Nothing is
		 * wrong; look, and wait again.
		 */
		if (r < 0 && (errno != EINTR || mistake(NO_EINTR_RETRY))) {
			say_errno("sem_wait");
			return LINK_FAILED;
		}
		if (there(l, box))
			return LINK_OK;
		if (deadline_ns && now_ns() >= deadline_ns)
			return LINK_SILENT;
		if (r < 0 && shm_process_gone(poster))
			return LINK_CLOSED;
	}
}

/*
 * Mistake: one binary semaphore around every use of the segment. Correct as long as everybody lives; a process killed
 * between these two leaves it at 0, and everybody else waits in vain.
 */
static enum link_end enter_if_mistaken(struct semaphores *s)
{
	int64_t end = now_ns() + PATIENCE_NS;
	struct timespec until = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };

	while (mistake(SEM_LEFT_TAKEN) && sem_clockwait(&s->lock, CLOCK_MONOTONIC, &until) < 0) {
		if (errno == EINTR)
			continue;
		say_errno("the semaphore that somebody has taken");
		return LINK_FAILED;
	}
	return LINK_OK;
}

static void leave_if_mistaken(struct semaphores *s)
{
	if (mistake(SEM_LEFT_TAKEN))
		sem_post(&s->lock);
}

static void announce(struct shm_area *a, uint32_t box, sem_t *items)
{
	shm_box_publish(a, box);
	sem_post(items);
}

static enum link_end semaphore_send(struct link *link, uint32_t to, const struct message *m)
{
	struct semaphore_link *l = (struct semaphore_link *)link;
	bool up = to == SERVER_ID;
	uint32_t box = up ? box_up(l->o->client) : box_down(to);
	sem_t *items = up ? &l->sems->work : &l->sems->of[box].items;
	int reader = atomic_load(&l->area->pids[up ? 0 : to]);
	enum link_end end = sem_take(l, &l->sems->of[box].room, room_there, box, now_ns() + PATIENCE_NS, reader);
	struct message *record;

	if (end != LINK_OK)
		return end;
	if (enter_if_mistaken(l->sems) != LINK_OK)
		return LINK_FAILED;
	record = shm_box_blank(l->area, box);
	/* Mistake: the record is announced before it is written. A quick reader gets what lay there before. */
	if (mistake(TORN_RECORD))
		announce(l->area, box, items);
	shm_record_fill(record, m);
	if (!mistake(TORN_RECORD))
		announce(l->area, box, items);
	leave_if_mistaken(l->sems);
	return LINK_OK;
}

static enum link_end box_take(struct semaphore_link *l, uint32_t box, struct message *m, size_t *size)
{
	if (enter_if_mistaken(l->sems) != LINK_OK)
		return LINK_FAILED;
	*size = shm_record_copy(l->area, m, shm_box_oldest(l->area, box));
	shm_box_release(l->area, box);
	sem_post(&l->sems->of[box].room);
	leave_if_mistaken(l->sems);
	return LINK_OK;
}

static enum link_end semaphore_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct semaphore_link *l = (struct semaphore_link *)link;
	uint32_t box = l->o->server ? 0 : box_down(l->o->client);
	enum link_end end;

	if (l->o->server) {
		end = sem_take(l, &l->sems->work, work_there, box, deadline_ns, 0);
		box = l->found ? box_up(l->found) : 0;
		l->next = l->found % l->o->n_clients;
	} else {
		end = sem_take(
			l, &l->sems->of[box].items, item_there, box, deadline_ns, atomic_load(&l->area->pids[0]));
	}
	return end == LINK_OK ? box_take(l, box, m, size) : end;
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
