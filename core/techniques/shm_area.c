/* SPDX-License-Identifier: MIT */
/* The layout of a shared segment, and its boxes. */
#include "core/techniques/shm_area.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

#define SHM_MAGIC 0x5ab0745eu

static size_t round_up(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static size_t slot_size(const struct ref_options *o)
{
	/* Control messages carry a word of 8 bytes even where the workload's messages are smaller. */
	size_t payload = o->size_max < 64 ? 64 : o->size_max;

	return round_up(MESSAGE_HEADER + payload);
}

size_t shm_area_size(const struct ref_options *o, uint32_t n_boxes, size_t locks)
{
	return round_up(sizeof(struct shm_area)) + round_up(locks) + n_boxes * SHM_SLOTS * slot_size(o);
}

void shm_area_init(struct shm_area *a, const struct ref_options *o, uint32_t n_boxes, size_t locks)
{
	a->n_boxes = n_boxes;
	a->design = o->design;
	a->size = shm_area_size(o, n_boxes, locks);
	a->locks = round_up(sizeof(*a));
	a->slots = a->locks + round_up(locks);
	a->slot_size = slot_size(o);
	atomic_store(&a->pids[0], getpid());
}

void shm_area_open(struct shm_area *a)
{
	atomic_store_explicit(&a->magic, SHM_MAGIC, memory_order_release);
}

enum link_end shm_area_join(struct shm_area *a, size_t size, const struct ref_options *o, uint32_t n_boxes,
	size_t locks)
{
	if (size < sizeof(*a) || atomic_load_explicit(&a->magic, memory_order_acquire) != SHM_MAGIC) {
		say("the segment is none of ours, or not ready");
		return LINK_FAILED;
	}
	if (a->n_boxes > SHM_BOXES || a->n_boxes < n_boxes || a->locks != round_up(sizeof(*a)) ||
		a->slots != a->locks + round_up(locks) ||
		a->slot_size < slot_size(o) || a->size > size ||
		a->size < a->slots + a->n_boxes * SHM_SLOTS * a->slot_size) {
		say("the segment has %zu bytes and does not fit to what its head says", size);
		return LINK_FAILED;
	}
	if (o->client > SHM_CLIENTS) {
		say("a segment has room for %d clients", SHM_CLIENTS);
		return LINK_FAILED;
	}
	atomic_store(&a->pids[o->client], getpid());
	return LINK_OK;
}

void *shm_area_locks(struct shm_area *a)
{
	return (char *)a + a->locks;
}

static struct message *slot(struct shm_area *a, uint32_t box, uint64_t n)
{
	return (struct message *)((char *)a + a->slots + (box * SHM_SLOTS + n % SHM_SLOTS) * a->slot_size);
}

bool shm_box_full(struct shm_area *a, uint32_t box)
{
	struct shm_box *b = &a->boxes[box];

	return atomic_load_explicit(&b->put, memory_order_relaxed) -
		atomic_load_explicit(&b->taken, memory_order_acquire) >= SHM_SLOTS;
}

bool shm_box_empty(struct shm_area *a, uint32_t box)
{
	struct shm_box *b = &a->boxes[box];

	return atomic_load_explicit(&b->put, memory_order_acquire) ==
		atomic_load_explicit(&b->taken, memory_order_relaxed);
}

struct message *shm_box_blank(struct shm_area *a, uint32_t box)
{
	return slot(a, box, atomic_load_explicit(&a->boxes[box].put, memory_order_relaxed));
}

void shm_box_publish(struct shm_area *a, uint32_t box)
{
	struct shm_box *b = &a->boxes[box];

	/* Release: whoever sees the new count sees the whole record as well. */
	atomic_store_explicit(&b->put, atomic_load_explicit(&b->put, memory_order_relaxed) + 1, memory_order_release);
}

const struct message *shm_box_oldest(struct shm_area *a, uint32_t box)
{
	return slot(a, box, atomic_load_explicit(&a->boxes[box].taken, memory_order_relaxed));
}

void shm_box_release(struct shm_area *a, uint32_t box)
{
	struct shm_box *b = &a->boxes[box];

	atomic_store_explicit(&b->taken, atomic_load_explicit(&b->taken, memory_order_relaxed) + 1,
		memory_order_release);
}

void shm_record_fill(struct message *record, const struct message *m)
{
	memcpy(record, m, message_size(m));
}

size_t shm_record_copy(struct shm_area *a, struct message *m, const struct message *record)
{
	uint32_t length = record->length;	/* read once: it may change under our hands */
	size_t most = (size_t)a->slot_size - MESSAGE_HEADER;

	if (length > most || length > MESSAGE_MAX)
		length = (uint32_t)(most < MESSAGE_MAX ? most : MESSAGE_MAX);
	memcpy(m, record, MESSAGE_HEADER + (size_t)length);
	return MESSAGE_HEADER + (size_t)length;
}

static bool process_gone(int pid)
{
	siginfo_t info = { .si_pid = 0 };
	bool gone;
	int fd;

	/* Of a child it is known without a pidfd, which not every kernel has (nor valgrind); WNOWAIT: it stays. */
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		return info.si_pid == pid;
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return errno == ESRCH || (errno == ENOSYS && kill(pid, 0) < 0 && errno == ESRCH);
	/* A pidfd becomes readable when its process has ended, even if nobody has waited for it yet. */
	gone = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1;
	close(fd);
	return gone;
}

bool shm_process_gone(int pid)
{
	int saved = errno;
	bool gone = pid > 0 && process_gone(pid);

	errno = saved;
	return gone;
}

static void (*objects_remove)(void);

static void bus_error(int signo)
{
	static const char text[] = "sabot-ref: the shared segment was truncated under us\n";

	(void)signo;
	if (objects_remove)
		objects_remove();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void shm_guard_truncation(void (*remove_objects)(void))
{
	struct sigaction action = { .sa_handler = bus_error };

	objects_remove = remove_objects;
	sigaction(SIGBUS, &action, NULL);
}

int64_t shm_slice_end(int64_t deadline_ns)
{
	int64_t end = now_ns() + SHM_SLICE_NS;

	return deadline_ns && deadline_ns < end ? deadline_ns : end;
}
