/* SPDX-License-Identifier: MIT */
/*
 * Rows become wrappers. A wrapper passes its arguments on as machine words: the real function looks only at the part
 * that its type has, whatever the rest of the register holds (System V and AAPCS64 calling conventions).
 *
 * Before the real call the thread slot says what the thread is in; after it an event is written. Between them nothing
 * is held that the call, a signal handler, a fork or SIGKILL could leave behind.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/single_threaded.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/str.h"
#include "faults/preload/environ.h"
#include "faults/preload/rows.h"

#define STOP_WAIT_NS 1000000000

static uint32_t clamp(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static void timeouts_note(struct inv *v)
{
	const struct object *o = object_at(v->object);
	uint32_t family = row_family[v->row], flags = o ? atomic_load_explicit(&o->flags, memory_order_relaxed) : 0;

	if (flags & OBF_RCVTIMEO && (family == FAMILY_RECEIVE || family == FAMILY_ACCEPT))
		v->flags |= EVF_TIMED;
	if (flags & OBF_SNDTIMEO && (family == FAMILY_SEND || family == FAMILY_CONNECT))
		v->flags |= EVF_TIMED;
}

/* What an earlier strike has left: an ended stream, a reset connection, a full descriptor table. */
static void lasting_effects(struct inv *v)
{
	const struct object *o = object_at(v->object);
	uint32_t family = row_family[v->row], flags = o ? atomic_load_explicit(&o->flags, memory_order_relaxed) : 0;

	if (flags & (OBF_RESET | OBF_EOF) && family == FAMILY_RECEIVE) {
		v->skip = true;
		v->result = 0;
	} else if (flags & OBF_RESET && family == FAMILY_SEND) {
		decide_result(v, EPIPE);
		sigpipe_raise(v);
	}
}

static bool makes_descriptor(uint8_t shape)
{
	return shape == SH_SOCKET || shape == SH_PAIR || shape == SH_PIPE || shape == SH_OPEN || shape == SH_OPEN_AT ||
		shape == SH_NEWFD || shape == SH_ACCEPT;
}

static void exhausted(struct inv *v)
{
	int error = (int)self->fd_exhausted;

	if ((makes_descriptor(v->shape) || v->row == ROW_dup) && descriptors_short())
		decide_result(v, error);
}

static void datagram_addresses(struct inv *v)
{
	if (!is_datagram(v))
		return;
	if (v->shape == SH_BUF_OUT_TO && v->a[4])
		object_datagram(v->object, (const void *)v->a[4], (uint32_t)v->a[5]);
	else if (v->shape == SH_MSG_OUT && ((const struct msghdr *)v->a[1])->msg_name)
		object_datagram(v->object, ((const struct msghdr *)v->a[1])->msg_name,
			((const struct msghdr *)v->a[1])->msg_namelen);
}

/*
 * Who waits for others can be used, where nobody asked to see it listen. A look that does not wait is no such call, nor
 * is a question to the kernel, nor does it matter what a shell waits for that will become the program.
 */
static void waiting_is_ready(const struct inv *v, uint8_t family)
{
	if (talks_to_kernel(v) || arena->procs[self->proc].launcher)
		return;
	if (atomic_load(&arena->roles[arena->procs[self->proc].role].ready_at) == READY_USABLE &&
		(family == FAMILY_RECEIVE || family == FAMILY_ACCEPT || family == FAMILY_WAIT ||
			v->shape == SH_SIGWAIT) &&
		!(v->flags & EVF_NONBLOCK) && !nonblocking(v))
		role_ready();
}

/* Makes something that may outlive the process, where there is no namespace to take it along. */
static bool makes_object(uint8_t shape, uint8_t family)
{
	return shape == SH_BIND || (family == FAMILY_OPEN && (shape == SH_SYSV_GET || shape == SH_OPEN ||
		shape == SH_OPEN_AT || shape == SH_PATH || shape == SH_PATH_AT));
}

/*
 * The harness has said that the run is over, and waits until nobody is between making an object and noting it; then
 * it kills everybody. Who has not begun must not: the slot (stored before) and `stop` are looked at in opposite order.
 */
static void stop_wait(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	while (unlikely(atomic_load(&arena->stop)))
		futex_wait_ns(&arena->stop, 1, STOP_WAIT_NS);
}

static bool begin(struct inv *v, uint32_t row)
{
	uint8_t shape = row_shape[row], family = row_family[row];
	struct thread *t;

	v->row = row;
	v->object = 0;
	v->fd = -1;
	v->asked = 0;
	v->strike = 0;
	v->flags = 0;
	v->shape = shape;
	v->result_kind = row_result[row];
	v->skip = false;
	v->error = 0;
	if (unlikely(!look(v)))
		return false;
	if (v->object && unlikely(atomic_load_explicit(&object_at(v->object)->flags, memory_order_relaxed))) {
		if (atomic_load_explicit(&object_at(v->object)->flags, memory_order_relaxed) & OBF_STANDARD)
			return false;
		timeouts_note(v);
		lasting_effects(v);
	}
	if (shape == SH_BUF_OUT_TO || shape == SH_MSG_OUT)
		datagram_addresses(v);
	if (shape == SH_CONNECT)
		object_connecting(v->fd, (const void *)v->a[1], (uint32_t)v->a[2]);
	v->stamp = tick_now();
	v->thread = t = thread_slot();
	if (likely(t != NULL)) {
		t->fd = v->fd;
		t->object = v->object;
		t->asked = v->asked;
		t->flags = v->flags;
		t->since = v->stamp;
		t->site = v->site;
		atomic_store_explicit(&t->n_calls, atomic_load_explicit(&t->n_calls, memory_order_relaxed) + 1,
			memory_order_relaxed);
		atomic_store_explicit(&t->call, row + 1, memory_order_release);
		if (makes_object(shape, family))
			stop_wait();
	}
	if (unlikely(self->loads))
		site_module(v->site);
	if (unlikely(!self->ready_done))
		waiting_is_ready(v, family);
	if (unlikely(self->fd_exhausted))
		exhausted(v);
	if (unlikely(call_set_has(&self->armed, row)) && !v->skip)
		decide(v, WHEN_BEFORE);
	return true;
}

static void end_slow(struct inv *v)
{
	int saved = errno;
	bool failed = v->result_kind == RES_E ? v->result != 0 : v->result_kind == RES_Z ? v->result == 0 :
		v->result_kind == RES_V ? false : v->result == -1;

	if (v->shape == SH_CONNECT) {
		errno = saved;
		object_connected(v->fd, !failed);
	}
	if (!failed && !v->skip)
		learn(v);
	if (v->shape == SH_CLOSE) {
		object_forget(v->fd);
		edge_closed(v->fd);
		self->fd_exhausted = 0;
	}
	errno = saved;
}

static void end(struct inv *v, uint32_t row)
{
	uint8_t shape = row_shape[row];
	int saved = errno;
	bool makes = makes_object(shape, row_family[row]);	/* in the call until it is noted */

	if (likely(v->thread != NULL) && !makes)
		atomic_store_explicit(&v->thread->call, 0, memory_order_relaxed);
	if (shape != SH_BUF_IN && shape != SH_BUF_IN_FLAGS && shape != SH_IOV_IN && shape != SH_MSG_IN &&
		shape != SH_IOV_OUT)
		end_slow(v);
	if (makes && v->thread)
		atomic_store_explicit(&v->thread->call, 0, memory_order_release);
	v->left = saved;
	if (unlikely(call_set_has(&self->armed, row)))
		decide(v, WHEN_AFTER);
	saved = v->skip && v->error ? v->error : v->left;
	errno = saved;
	if (saved == EAGAIN && v->result == -1 && !(v->flags & EVF_TIMED))
		v->flags |= EVF_NONBLOCK;
	event_call(v);
	errno = saved;
}

/* A call that is none of ours may still change what a descriptor is. */
static long pass(struct inv *v)
{
	long r = call_real(v);
	int saved = errno;

	if (v->shape == SH_CLOSE) {
		object_forget((int)v->a[0]);
		self->fd_exhausted = 0;
	} else if (v->shape == SH_FCNTL && (int)r >= 0 && (v->a[1] == F_DUPFD || v->a[1] == F_DUPFD_CLOEXEC)) {
		object_dup((int)v->a[0], (int)r);
	} else if (v->shape == SH_CONFINE && r == 0 && v->asked) {
		confine_note(v);
	}
	errno = saved;
	return r;
}

/* exec does not come back: the slot must not say for ever that the thread is in it. */
static void exec_note(struct inv *v)
{
	const char *path = v->row == ROW_fexecve ? NULL : (const char *)v->a[v->row == ROW_execveat ? 1 : 0];
	int32_t pid = my_pid();

	path = path ? path : "";	/* NULL is the kernel's to refuse */
	event_note(EV_EXEC, v, pid, 0);
	if (pid != self->pid)
		child_beside(pid, path);
	else
		text_copy(arena->programs[self->proc].executes, PROC_EXECUTES, path);
	if (v->thread)
		atomic_store(&v->thread->call, 0);
}

/*
 * One call, the long way, for every row: a wrapper of its own code a row would bring in page after page of it at every
 * start, and in every child of a zygote.
 */
static RETURNS_BY_THUNK __attribute__((noinline)) long recorded(struct inv *v, uint32_t row, uint64_t site)
{
	bool executes = row_shape[row] == SH_EXEC_ENV;

	v->site = site;
	if (unlikely(!begin(v, row)))
		return pass(v);
	if (executes)
		exec_note(v);
	if (likely(!v->skip))
		v->result = call_real(v);
	else if (v->error)
		errno = v->error;
	if (executes && borrows_memory())
		child_not_beside(my_pid());
	if (row_shape[row] == SH_FORK && v->result == 0)
		return 0; /* the child: its identity was taken by the handler of pthread_atfork */
	end(v, row);
	return v->result;
}

/* Is the injector at work in this process? In a child of fork it takes up the child's identity first. */
static inline __attribute__((always_inline)) bool at_work(void)
{
	return likely(self && self->live) || (unlikely(self != NULL) && identity_take());
}

/*
 * The short way for the calls that move bytes: nothing is armed, the descriptor is known and has no story, and there is
 * nothing to tell but the event itself. What is not so goes the long way. Everything here is what begin() and end() do.
 */
static inline __attribute__((always_inline)) bool moves_bytes(uint8_t shape)
{
	return shape == SH_BUF_IN || shape == SH_BUF_OUT || shape == SH_BUF_IN_FLAGS || shape == SH_BUF_OUT_FLAGS;
}

enum { PLAIN_FLAGS = OBF_ACCEPTED | OBF_CONNECTED | OBF_CLAIMED };

static inline __attribute__((always_inline)) bool is_datagram_kind(const struct object *o)
{
	return o->kind == OBJ_SOCKETPAIR ? o->type != SOCK_STREAM : object_is_datagram(o->kind);
}

static inline __attribute__((always_inline)) uint32_t plain_object(long fd, uint32_t row, bool out)
{
	uint32_t object;

	if ((unsigned long)fd >= FD_TABLE || fd_table[fd] <= 0 || call_set_has(&self->armed, row) ||
		!self->ready_done || self->fd_exhausted || self->loads || arena->payload || !my_slot ||
		my_proc != self->proc + 1)
		return 0;
	object = (uint32_t)fd_table[fd];
	if (atomic_load_explicit(&arena->objects[object - 1].flags, memory_order_relaxed) & ~(uint32_t)PLAIN_FLAGS ||
		(out && is_datagram_kind(&arena->objects[object - 1])))
		return 0;
	return object;
}

/* Where the event will be: asked for before the call, it is in the cache when the call returns. */
static inline __attribute__((always_inline)) void event_expect(void)
{
	const struct chunk *c = &arena->chunks[self->chunk - 1];

	if (likely(self->chunk))
		__builtin_prefetch(&c->events[atomic_load_explicit(&c->used, memory_order_relaxed)], 1, 3);
}

/*
 * Counts up. Where there is one thread, nobody but a signal handler can come between, and one instruction is enough:
 * a lock would wait until all that was stored before is out. libc clears its word before there is a second thread.
 */
static inline __attribute__((always_inline)) uint32_t next_of(_Atomic uint32_t *count)
{
#if defined(__x86_64__)
	if (likely(__libc_single_threaded)) {
		uint32_t next = 1;

		__asm__ volatile("xaddl %0, %1" : "+r"(next), "+m"(*count) : : "cc");
		return next;
	}
#endif
	return atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

/* event_new(), where the chunk has room. */
static inline __attribute__((always_inline)) struct event *event_take(void)
{
	if (likely(self->chunk)) {
		struct chunk *c = &arena->chunks[self->chunk - 1];
		uint32_t i = next_of(&c->used);

		if (likely(i < CHUNK_EVENTS))
			return &c->events[i];
	}
	return event_new();
}

static inline __attribute__((always_inline)) long move_fast(
	uint32_t row, bool out, uint32_t object, long a0, long a1, long a2, long a3, real_function f, uint64_t site)
{
	struct thread *t = my_slot;
	uint64_t start = tick_now(), now = start;
	struct event *e;
	long result;
	int error = 0;	/* what is done after the call leaves errno alone */

	t->fd = (int32_t)a0;
	t->object = object;
	t->asked = clamp((uint64_t)a2);
	t->flags = 0;
	t->since = start;
	t->site = site;
	atomic_store_explicit(
		&t->n_calls, atomic_load_explicit(&t->n_calls, memory_order_relaxed) + 1, memory_order_relaxed);
	atomic_store_explicit(&t->call, row + 1, memory_order_release);
	event_expect();
	result = f(a0, a1, a2, a3, 0, 0, 0);
	if (unlikely(result == -1))
		error = *my_errno;
	/* Who was told to come again has not waited: this call was over when it began. */
	if (error != EAGAIN)
		now = tick_now();
	atomic_store_explicit(&t->call, 0, memory_order_relaxed);
	e = event_take();
	if (unlikely(!e))
		return result;
	e->stamp = out ? start : now;
	e->site = site;
	e->result = result;
	e->hash = result > 0 ? hash_bytes((const void *)a1, (uint64_t)result) : 0;
	e->asked = clamp((uint64_t)a2);
	e->ticks = clamp(now - start);
	e->fd = (int32_t)a0;
	e->object = object;
	e->tid = atomic_load_explicit(&t->tid, memory_order_relaxed);
	e->call = (uint16_t)row;
	e->kind = EV_CALL;
	e->flags = error == EAGAIN ? EVF_NONBLOCK : 0;
	e->error = (int16_t)error;
	e->strike = 0;
	event_seal(e);
	return result;
}

#define PARAMETERS_0 void
#define PARAMETERS_1 long a0
#define PARAMETERS_2 long a0, long a1
#define PARAMETERS_3 long a0, long a1, long a2
#define PARAMETERS_4 long a0, long a1, long a2, long a3
#define PARAMETERS_5 long a0, long a1, long a2, long a3, long a4
#define PARAMETERS_6 long a0, long a1, long a2, long a3, long a4, long a5
#define PARAMETERS_7 long a0, long a1, long a2, long a3, long a4, long a5, long a6
#define VALUES_0
#define VALUES_1 a0
#define VALUES_2 a0, a1
#define VALUES_3 a0, a1, a2
#define VALUES_4 a0, a1, a2, a3
#define VALUES_5 a0, a1, a2, a3, a4
#define VALUES_6 a0, a1, a2, a3, a4, a5
#define VALUES_7 a0, a1, a2, a3, a4, a5, a6

#define NARROW_I(x) ((long)(int)(x))
#define NARROW_E(x) ((long)(int)(x))
#define NARROW_L(x) (x)
#define NARROW_Z(x) (x)
#define NARROW_V(x) (x)

enum { ENVIRONMENT_ROOM = 1024 };

#define CALL(symbol, plain, arguments, result_kind_, shape_, family_, restart, errnos) \
	long wrap_##symbol(PARAMETERS_##arguments) __asm__(#symbol) __attribute__((visibility("default"))) \
		RETURNS_BY_THUNK; \
	long wrap_##symbol(PARAMETERS_##arguments) \
	{ \
		enum { makes_program = SH_##shape_ == SH_EXEC_ENV || SH_##shape_ == SH_SPAWN }; \
		char *room[makes_program ? ENVIRONMENT_ROOM : 1], text[makes_program ? ENVIRONMENT_TEXT : 1]; \
		const long a[7] = { VALUES_##arguments }; \
		real_function f = real_of(ROW_##symbol); \
\
		if (unlikely(!at_work())) \
			return NARROW_##result_kind_(f(a[0], a[1], a[2], a[3], a[4], a[5], a[6])); \
		if (moves_bytes(SH_##shape_) && RES_##result_kind_ == RES_L) { \
			const bool out = FAMILY_##family_ == FAMILY_SEND; \
			const bool flags = SH_##shape_ == SH_BUF_IN_FLAGS || SH_##shape_ == SH_BUF_OUT_FLAGS; \
			uint32_t object = flags && a[3] & MSG_PEEK ? 0 : plain_object(a[0], ROW_##symbol, out); \
\
			if (likely(object)) \
				return move_fast(ROW_##symbol, out, object, a[0], a[1], a[2], a[3], f, \
					site_of(__builtin_return_address(0))); \
		} \
		/* Filled in only here: the short way has no use for it. */ \
		struct inv v = { .a = { a[0], a[1], a[2], a[3], a[4], a[5], a[6] } }; \
\
		if (makes_program) \
			environment_patch(&v, SH_##shape_ == SH_SPAWN ? 5 : ROW_##symbol == ROW_execveat ? 3 : 2, \
				room, ENVIRONMENT_ROOM, text); \
		return recorded(&v, ROW_##symbol, site_of(__builtin_return_address(0))); \
	}

#include "faults/calls.def"
#undef CALL

long recorded_raw(long number, const long a[7], uint32_t row, uint64_t site)
{
	struct inv v = { .a = { a[0], a[1], a[2], a[3], a[4], a[5], a[6] }, .raw = number };

	if (!at_work())
		return raw_call(number, a);
	return recorded(&v, row, site_of((const void *)site));
}

long recorded_read(int fd, void *buffer, size_t n, uint64_t site)
{
	struct inv v = { .a = { fd, (long)buffer, (long)n } };

	return recorded(&v, ROW___read, site);
}

long recorded_write(int fd, const void *buffer, size_t n, uint64_t site)
{
	struct inv v = { .a = { fd, (long)buffer, (long)n } };

	return recorded(&v, ROW___write, site);
}
