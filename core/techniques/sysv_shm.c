/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory with System V semaphores. Memory gives no order by itself; each box of the segment
 * (shm_area.h) has three semaphores: its lock, and the counts of its free and its full records.
 *
 * The lock keeps writers apart: all clients write into the server's box. Every box has one reader, and a client's box
 * one writer: they need no lock. It is taken with SEM_UNDO: if the process that holds it is killed, the kernel gives it
 * back. The counts are not: an undone count would be wrong, for the record has been put or taken all the same. So the
 * counts only wake, and who has waited looks into the box itself.
 *
 * semop() has no timeout: the clock ends it from time to time.
 *
 * The steps:
 *   server: remove the old segment and semaphores, make them, attach, set the counts, … serve …, detach, remove
 *   client: get both by their keys, look at the size, attach, … request …, detach
 */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "core/techniques/impl.h"
#include "core/techniques/shm_area.h"
#include "core/base/banned.h"

enum semaphore { LOCK, ROOM, ITEMS, N_SEMAPHORES };	/* of a box */

struct sysv_link {
	struct link link;
	const struct ref_options *o;
	struct shm_area *area;
	int segment, semaphores;	/* ids; -1 none */
};

static struct sysv_link sysv = { .segment = -1, .semaphores = -1 };

/* The caller declares it for semctl(). */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static void objects_remove(void)
{
	if (sysv.semaphores >= 0)
		semctl(sysv.semaphores, 0, IPC_RMID);
	if (sysv.segment >= 0)
		shmctl(sysv.segment, IPC_RMID, NULL);
	sysv.semaphores = sysv.segment = -1;
}

/* Box 0 is the server's, box i is client i's. */
static uint32_t box_of(uint32_t id)
{
	return id == SERVER_ID ? 0 : id;
}

static struct sembuf operation(uint32_t box, enum semaphore s, int change)
{
	/*
	 * Mistake: a lock that was taken without SEM_UNDO stays taken when its owner is killed, and everybody else
	 * waits for ever.
	 */
	bool undo = s == LOCK && !mistake(SEM_LEFT_TAKEN);

	return (struct sembuf){ .sem_num = (unsigned short)(box * N_SEMAPHORES + s), .sem_op = (short)change,
		.sem_flg = (short)(undo ? SEM_UNDO : 0) };
}

/* All of the operations at once, or none. LINK_SILENT: none, for a signal came. */
static enum link_end semaphores_do(struct sysv_link *l, struct sembuf *operations, size_t n)
{
	if (semop(l->semaphores, operations, n) == 0)
		return LINK_OK;
	if (errno == EIDRM || errno == EINVAL)
		return LINK_CLOSED;	/* removed: the server has ended */
	/*
	 * Mistake: a signal came while it waited (here even the ticking of the clock), and nothing was taken. Nothing
	 * is wrong; wait again.
	 */
	if (errno == EINTR && !mistake(NO_EINTR_RETRY))
		return LINK_SILENT;
	say_errno("semop");
	return LINK_FAILED;
}

static bool many_write(uint32_t box)
{
	return box == 0;
}

/*
 * Waits for a count and, in a box with many writers, takes the lock, both at once. A process that was killed between
 * its steps has left the count one too low, so when the clock ticks meanwhile the lock alone is taken, and the box
 * looked at.
 */
static enum link_end box_enter(struct sysv_link *l, uint32_t box, enum semaphore count, bool lock)
{
	struct sembuf both[] = { operation(box, count, -1), operation(box, LOCK, -1) };
	enum link_end end = semaphores_do(l, both, lock ? 2 : 1);
	int64_t deadline_ns;

	if (end != LINK_SILENT)
		return end;
	deadline_ns = now_ns() + PATIENCE_NS;
	while (lock && end == LINK_SILENT) {
		end = semaphores_do(l, &both[1], 1);
		if (end == LINK_SILENT && now_ns() >= deadline_ns) {
			say("the lock of a box is not given back");
			return LINK_FAILED;
		}
	}
	return end == LINK_SILENT ? LINK_OK : end;
}

/* Counts what is there now, and gives back the lock: both at once. */
static enum link_end box_leave(struct sysv_link *l, uint32_t box, enum semaphore count, bool lock)
{
	struct sembuf both[] = { operation(box, count, 1), operation(box, LOCK, 1) };
	enum link_end end;

	do
		end = semaphores_do(l, both, lock ? 2 : 1);
	while (end == LINK_SILENT);
	return end;
}

/* There was nothing to do in the box: gives back the lock. LINK_OK: try again. */
static enum link_end box_leave_empty(struct sysv_link *l, uint32_t box, bool lock, int64_t deadline_ns, int peer)
{
	struct sembuf unlock = operation(box, LOCK, 1);
	enum link_end end = lock ? LINK_SILENT : LINK_OK;

	while (end == LINK_SILENT)
		end = semaphores_do(l, &unlock, 1);
	if (end != LINK_OK)
		return end;
	if (deadline_ns && now_ns() >= deadline_ns)
		return LINK_SILENT;
	return shm_process_gone(peer) ? LINK_CLOSED : LINK_OK;
}

static enum link_end sysv_send(struct link *link, uint32_t to, const struct message *m)
{
	struct sysv_link *l = (struct sysv_link *)link;
	uint32_t box = box_of(to);
	bool lock = many_write(box);
	int64_t deadline_ns = now_ns() + PATIENCE_NS;
	enum link_end end;
	struct message *record;

	for (;;) {
		end = box_enter(l, box, ROOM, lock);
		if (end != LINK_OK)
			return end;
		if (!shm_box_full(l->area, box))
			break;
		end = box_leave_empty(l, box, lock, deadline_ns, atomic_load(&l->area->pids[box]));
		if (end != LINK_OK)
			return end;
	}
	record = shm_box_blank(l->area, box);
	if (mistake(TORN_RECORD)) {
		/* Mistake: the record is announced and the lock given back before the record is written. */
		shm_box_publish(l->area, box);
		end = box_leave(l, box, ITEMS, lock);
		shm_record_fill(record, m);
		return end;
	}
	shm_record_fill(record, m);
	shm_box_publish(l->area, box);
	return box_leave(l, box, ITEMS, lock);
}

static enum link_end sysv_receive(struct link *link, struct message *m, size_t *size, int64_t deadline_ns)
{
	struct sysv_link *l = (struct sysv_link *)link;
	uint32_t box = l->o->server ? 0 : l->o->client;
	int peer = l->o->server ? 0 : atomic_load(&l->area->pids[0]);
	enum link_end end;

	for (;;) {
		end = box_enter(l, box, ITEMS, false);
		if (end != LINK_OK)
			return end;
		if (!shm_box_empty(l->area, box))
			break;
		end = box_leave_empty(l, box, false, deadline_ns, peer);
		if (end != LINK_OK)
			return end;
	}
	*size = shm_record_copy(l->area, m, shm_box_oldest(l->area, box));
	shm_box_release(l->area, box);
	return box_leave(l, box, ROOM, false);
}

static struct shm_area *segment_attach(void)
{
	void *memory = shmat(sysv.segment, NULL, 0);

	if (memory == (void *)-1) {
		say_errno("shmat");
		return NULL;
	}
	return memory;
}

/* Remove the old objects, make new ones, attach, set the counts. */
static int objects_make(const struct ref_options *o)
{
	uint32_t n_boxes = o->n_clients + 1;
	int old_segment = shmget(o->key, 0, 0), old_semaphores = semget(o->key, 0, 0);
	unsigned short values[SHM_BOXES * N_SEMAPHORES];

	if (old_segment >= 0 && shmctl(old_segment, IPC_RMID, NULL) == 0)
		say("removed a segment that an earlier server left behind");
	if (old_semaphores >= 0 && semctl(old_semaphores, 0, IPC_RMID) == 0)
		say("removed semaphores that an earlier server left behind");
	sysv.segment = shmget(o->key, shm_area_size(o, n_boxes, 0), IPC_CREAT | IPC_EXCL | 0600);
	if (sysv.segment < 0)
		return say_errno("shmget");
	sysv.semaphores = semget(o->key, (int)n_boxes * N_SEMAPHORES, IPC_CREAT | IPC_EXCL | 0600);
	if (sysv.semaphores < 0)
		return say_errno("semget");
	sysv.area = segment_attach();
	if (!sysv.area)
		return 1;
	for (uint32_t box = 0; box < n_boxes; box++) {
		values[box * N_SEMAPHORES + LOCK] = 1;
		values[box * N_SEMAPHORES + ROOM] = SHM_SLOTS;
		values[box * N_SEMAPHORES + ITEMS] = 0;
	}
	if (semctl(sysv.semaphores, 0, SETALL, (union semun){ .array = values }) < 0)
		return say_errno("semctl");
	shm_area_init(sysv.area, o, n_boxes, 0);
	shm_area_open(sysv.area);
	return 0;
}

static void link_init(const struct ref_options *o)
{
	sysv.o = o;
	sysv.link = (struct link){ .send = sysv_send, .receive = sysv_receive, .largest = o->size_max,
		.under_way = SIZE_MAX, .most_under_way = SHM_SLOTS };
}

static int shm_serve(const struct ref_options *o)
{
	int status = 1;

	if (o->n_clients > SHM_CLIENTS)
		return say("a segment has room for %d clients", SHM_CLIENTS);
	link_init(o);
	stop_at_once(objects_remove);	/* SIGTERM from here on: remove segment and semaphores, exit */
	if (objects_make(o) == 0 && clock_ticks() == 0) {
		server_ready();
		status = serve_link(o, &sysv.link, false);
	}
	if (sysv.area)
		shmdt(sysv.area);
	objects_remove();
	return status;
}

static int shm_request(const struct ref_options *o)
{
	struct shmid_ds segment;
	int status = 1;

	link_init(o);
	sysv.segment = shmget(o->key, 0, 0);
	sysv.semaphores = semget(o->key, 0, 0);
	if (sysv.segment < 0 || sysv.semaphores < 0)
		return say_errno("shmget, semget (is the server there?)");
	if (shmctl(sysv.segment, IPC_STAT, &segment) < 0)
		return say_errno("shmctl");
	sysv.area = segment_attach();
	if (!sysv.area)
		return 1;
	if (shm_area_join(sysv.area, segment.shm_segsz, o, o->n_clients + 1, 0) == LINK_OK && clock_ticks() == 0)
		status = request_link(o, &sysv.link);
	shmdt(sysv.area);
	return status;
}

const struct technique technique_sysv_shm = {
	.name = "sysv-shm", .serve = shm_serve, .request = shm_request,
};
