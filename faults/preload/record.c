/* SPDX-License-Identifier: MIT */
/* The recorder: thread slots and events. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

__thread struct thread *my_slot __attribute__((tls_model("initial-exec")));
__thread uint32_t my_proc __attribute__((tls_model("initial-exec")));
__thread int *my_errno __attribute__((tls_model("initial-exec")));

uint64_t hash_bytes(const void *bytes, uint64_t n)
{
	uint64_t h = XXH3_64bits(bytes, n);

	return h ? h : 1;
}

/* All are taken: one whose thread, of this process, has ended. */
static struct thread *slot_inherit(uint32_t tid)
{
	int saved = errno;
	struct thread *found = NULL;

	for (uint32_t i = 0; i < ARENA_THREADS && !found; i++) {
		struct thread *t = &arena->threads[i];
		uint32_t old = atomic_load(&t->tid);

		if (t->proc == self->proc && old && syscall(SYS_tgkill, self->pid, old, 0) == -1 && errno == ESRCH &&
			atomic_compare_exchange_strong(&t->tid, &old, tid)) {
			atomic_store(&t->call, 0);
			found = t;
		}
	}
	errno = saved;
	return found;
}

static struct thread *slot_claim(uint32_t tid)
{
	uint32_t i = atomic_fetch_add(&arena->n_threads, 1);
	struct thread *t = &arena->threads[i];

	if (i >= ARENA_THREADS) {
		atomic_store(&arena->n_threads, ARENA_THREADS);
		return slot_inherit(tid);
	}
	t->proc = self->proc;
	atomic_store(&t->call, 0);
	atomic_store(&t->tid, tid);
	return t;
}

/* What is known of this thread; NULL: nothing yet. */
static struct thread *slot_known(void)
{
	bool known = my_slot && my_proc == self->proc + 1 &&
		     atomic_load_explicit(&my_slot->tid, memory_order_relaxed) != 0;

	return likely(known) ? my_slot : NULL;
}

uint32_t thread_id(void)
{
	const struct thread *t = slot_known();

	return t ? atomic_load_explicit(&t->tid, memory_order_relaxed) : (uint32_t)syscall(SYS_gettid);
}

struct thread *thread_slot(void)
{
	if (likely(slot_known() != NULL))
		return my_slot;
	my_slot = slot_claim((uint32_t)syscall(SYS_gettid));
	my_proc = self->proc + 1;
	my_errno = &errno;
	return my_slot;
}

/* Links a fresh chunk behind the last one. 0: the arena is full. */
static uint32_t chunk_claim(void)
{
	struct proc *p = &arena->procs[self->proc];
	uint32_t index = atomic_fetch_add(&arena->next_chunk, 1), last;
	int saved = errno;
	struct chunk *c;

	if (index >= atomic_load(&arena->n_chunks))
		return 0;
	c = &arena->chunks[index];
	/*
	 * The pages are taken in one go: a page fault for each would cost more than the events in it. Where an earlier
	 * run has left them, the one fault of this look brings in its neighbours.
	 */
	if (!c->resident && !(self->confined & CONFINED_ASK))
		syscall(SYS_madvise, c, sizeof(*c), 23 /* MADV_POPULATE_WRITE */);
	c->resident = 1;
	errno = saved;
	atomic_store(&c->used, 0);
	atomic_store(&c->next, 0);
	c->proc = self->proc;
	last = atomic_exchange(&p->last_chunk, index + 1);
	if (last)
		atomic_store(&arena->chunks[last - 1].next, index + 1);
	else
		atomic_store(&p->first_chunk, index + 1);
	self->chunk = index + 1;
	return index + 1;
}

struct event *event_new(void)
{
	for (;;) {
		uint32_t chunk = self->chunk, i;

		if (unlikely(!chunk)) {
			chunk = chunk_claim();
			if (!chunk)
				break;
		}
		i = atomic_fetch_add_explicit(&arena->chunks[chunk - 1].used, 1, memory_order_relaxed);
		if (likely(i < CHUNK_EVENTS))
			return &arena->chunks[chunk - 1].events[i];
		if (self->chunk == chunk && !chunk_claim())
			break;
	}
	atomic_fetch_add(&arena->lost, 1);
	atomic_fetch_add(&arena->procs[self->proc].lost, 1);
	return NULL;
}

/* The first of a scattered payload stands for it when it is more than one piece. */
static uint64_t hash_iov(const struct iovec *iov, long n, uint64_t moved)
{
	XXH3_state_t state;

	if (n == 1)
		return hash_bytes(iov[0].iov_base, moved);
	XXH3_64bits_reset(&state);
	for (long i = 0; i < n && moved; i++) {
		uint64_t part = iov[i].iov_len < moved ? iov[i].iov_len : moved;

		XXH3_64bits_update(&state, iov[i].iov_base, part);
		moved -= part;
	}
	return XXH3_64bits_digest(&state);
}

/* Bytes that a call has moved, and where they are. 0: none. */
static uint64_t payload(const struct inv *v, const void **bytes)
{
	long n = v->result;

	*bytes = NULL;
	switch (v->shape) {
	case SH_BUF_IN: case SH_BUF_IN_FLAGS: case SH_BUF_IN_CHK: case SH_BUF_IN_FROM: case SH_BUF_IN_TIMED:
	case SH_BUF_OUT: case SH_BUF_OUT_FLAGS: case SH_BUF_OUT_TO: case SH_BUF_OUT_TIMED:
		*bytes = (const void *)v->a[1];
		if (v->result_kind == RES_I)	/* mq_send returns 0 */
			n = n == 0 ? (long)v->a[2] : 0;
		if (n > v->a[2])		/* MSG_TRUNC tells the whole length */
			n = v->a[2];
		break;
	case SH_SYSV_IN:
		*bytes = (const char *)v->a[1] + sizeof(long);
		break;
	case SH_SYSV_OUT:
		*bytes = (const char *)v->a[1] + sizeof(long);
		n = n == 0 ? v->a[2] : 0;
		break;
	case SH_EVENTFD_IN:
		*bytes = (const void *)v->a[1];
		n = n == 0 ? 8 : 0;
		break;
	default:
		return 0;
	}
	return n > 0 ? (uint64_t)n : 0;
}

static uint64_t hash_of(const struct inv *v)
{
	const void *bytes;
	uint64_t n = payload(v, &bytes);

	if (n)
		return hash_bytes(bytes, n);
	if (v->result <= 0)
		return 0;
	if (v->shape == SH_IOV_IN || v->shape == SH_IOV_OUT)
		return hash_iov((const struct iovec *)v->a[1], v->a[2], (uint64_t)v->result);
	if (v->shape == SH_MSG_IN || v->shape == SH_MSG_OUT) {
		const struct msghdr *m = (const void *)v->a[1];

		return hash_iov(m->msg_iov, (long)m->msg_iovlen, (uint64_t)v->result);
	}
	return 0;
}

bool peeks(const struct inv *v)
{
	switch (v->shape) {
	case SH_BUF_IN_FLAGS: case SH_BUF_IN_FROM: case SH_MMSG_IN:
		return v->a[3] & MSG_PEEK;
	case SH_MSG_IN:
		return v->a[2] & MSG_PEEK;
	default:
		return false;
	}
}

void event_call(struct inv *v)
{
	struct event *e = event_new();
	uint64_t now = tick_now(), ticks = now - v->stamp;
	bool out = row_family[v->row] == FAMILY_SEND || v->shape == SH_CONNECT || v->shape == SH_CLOSE ||
		v->shape == SH_KILL;
	bool failed = v->result_kind == RES_E	? v->result != 0
		      : v->result_kind == RES_Z ? v->result == 0
						: v->result == -1;

	if (!e)
		return;
	e->stamp = out ? v->stamp : now;
	e->site = v->site;
	e->result = v->result;
	e->hash = row_family[v->row] <= FAMILY_SEND && !peeks(v) ? hash_of(v) : 0;
	e->asked = v->asked;
	e->ticks = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
	e->fd = v->fd;
	e->object = peeks(v) ? 0 : v->object;
	e->tid = v->thread ? atomic_load_explicit(&v->thread->tid, memory_order_relaxed) : 0;
	e->call = (uint16_t)v->row;
	e->kind = EV_CALL;
	e->flags = v->flags;
	e->error = failed && v->result_kind != RES_V ? (int16_t)(v->result_kind == RES_E ? v->result : errno) : 0;
	e->strike = v->strike;
	event_seal(e);
	if (unlikely(arena->payload)) {
		const void *bytes;
		uint64_t n = payload(v, &bytes);

		if (n)
			event_text_of(bytes, n < arena->payload ? (uint32_t)n : arena->payload);
	}
}

void event_note(enum event_kind kind, struct inv *v, int64_t result, uint32_t asked)
{
	struct event *e = event_new();

	if (!e)
		return;
	memset(e, 0, offsetof(struct event, seal));
	e->stamp = tick_now();
	e->result = result;
	e->asked = asked;
	e->kind = (uint8_t)kind;
	e->fd = -1;
	e->tid = thread_id();
	if (v) {
		e->site = v->site;
		e->object = v->object;
		e->fd = v->fd;
		e->call = (uint16_t)v->row;
	}
	event_seal(e);
}

void event_text_of(const void *bytes, uint32_t n)
{
	const char *from = bytes;

	while (n) {
		struct event *e = event_new();
		uint32_t part = n < EVENT_TEXT ? n : EVENT_TEXT;

		if (!e)
			return;
		memset(e, 0, offsetof(struct event, seal));
		memcpy(event_text(e), from, part);
		e->stamp = tick_now();
		e->tid = thread_id();
		e->kind = EV_TEXT;
		e->error = (int16_t)part;
		from += part;
		n -= part;
		if (n)
			e->flags = EVF_MORE;
		event_seal(e);
	}
}

void event_strike(const struct inv *v, uint32_t fault, int64_t value)
{
	struct event *e = event_new();

	if (!e)
		return;
	memset(e, 0, offsetof(struct event, seal));
	e->stamp = tick_now();
	e->site = v->site;
	e->result = value;
	e->asked = arena_plan(arena)->faults[fault].action;
	e->fd = v->fd;
	e->object = v->object;
	e->tid = thread_id();
	e->call = (uint16_t)v->row;
	e->kind = EV_STRIKE;
	e->strike = (uint16_t)(fault + 1);
	event_seal(e);
}
