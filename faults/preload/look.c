/* SPDX-License-Identifier: MIT */
/* What a call's arguments say: the descriptor, the object, the length, whether it can wait and for how long. */
#include "faults/preload/inject.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "core/base/rng.h"
#include "core/base/str.h"
#include "faults/preload/rows.h"

#define MUTEX_SHARED_BIT 128	/* PTHREAD_MUTEX_PSHARED_BIT of glibc's nptl */
#define CONDITION_SHARED_BIT 1	/* of its __wrefs (nptl/pthread_cond_wait.c) */

static uint64_t iov_length(const struct iovec *iov, long n)
{
	uint64_t sum = 0;

	for (long i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

static bool mutex_is_shared(const void *mutex)
{
	return ((const pthread_mutex_t *)mutex)->__data.__kind & MUTEX_SHARED_BIT;
}

static bool condition_is_shared(const void *condition)
{
	return ((const pthread_cond_t *)condition)->__data.__wrefs & CONDITION_SHARED_BIT;
}

static uint32_t address_object(uint32_t kind, long address)
{
	return object_of_key(kind, rng_mix((uint64_t)address ^ (uint64_t)arena->procs[self->proc].role << 56), NULL);
}

uint32_t object_of_sysv(uint32_t row, long id)
{
	uint32_t kind = row == ROW_msgget || row == ROW_msgctl || row == ROW_msgsnd || row == ROW_msgrcv ? OBJ_SYSV_MQ :
		row == ROW_semget || row == ROW_semctl || row == ROW_semop || row == ROW_semtimedop ? OBJ_SYSV_SEM :
		OBJ_SYSV_SHM;

	return object_of_key(kind, (uint64_t)(uint32_t)id + 1, NULL);
}

/* A descriptor's call: false if it is none of ours (a file, the harness's own pipes). */
static bool at_fd(struct inv *v, long fd)
{
	v->fd = (int)fd;
	v->object = object_of_fd((int)fd);
	return v->object != 0;
}

static bool at_fd_asking(struct inv *v, long fd, uint64_t asked)
{
	v->asked = asked > UINT32_MAX ? UINT32_MAX : (uint32_t)asked;
	return at_fd(v, fd);
}

/* Of a time that is given: zero cannot wait, any other waits so long; none waits for ever. */
static uint8_t time_flags(const struct timespec *t)
{
	return !t ? 0 : t->tv_sec || t->tv_nsec ? EVF_TIMED : EVF_NONBLOCK;
}

static uint8_t milliseconds_flags(int ms)
{
	return ms == 0 ? EVF_NONBLOCK : ms > 0 ? EVF_TIMED : 0;
}

/* Calls that move bytes. */
static bool look_move(struct inv *v)
{
	switch (v->shape) {
	case SH_BUF_IN_TIMED: case SH_BUF_OUT_TIMED:
		v->flags |= EVF_TIMED;
		return at_fd_asking(v, v->a[0], (uint64_t)v->a[2]);
	case SH_IOV_IN: case SH_IOV_OUT:
		return at_fd_asking(v, v->a[0], iov_length((const struct iovec *)v->a[1], v->a[2]));
	case SH_MSG_IN: case SH_MSG_OUT: {
		const struct msghdr *m = (const void *)v->a[1];

		return at_fd_asking(v, v->a[0], iov_length(m->msg_iov, (long)m->msg_iovlen));
	}
	case SH_TRANSFER_TO:
		return at_fd_asking(v, v->a[0], (uint64_t)v->a[3]);
	case SH_TRANSFER:
		return v->row == ROW_splice ? at_fd_asking(v, v->a[2], (uint64_t)v->a[4]) :
			at_fd_asking(v, v->a[1], (uint64_t)v->a[2]);
	case SH_EVENTFD_IN: case SH_EVENTFD_OUT:
		return at_fd(v, v->a[0]);
	default:
		return at_fd_asking(v, v->a[0], (uint64_t)v->a[2]);
	}
}

/* Waits for readiness. They are about no one descriptor, but when there is only one it tells who is waited for. */
static bool look_wait(struct inv *v)
{
	switch (v->shape) {
	case SH_POLL:
		v->asked = (uint32_t)v->a[2];
		v->flags |= milliseconds_flags((int)v->a[2]);
		break;
	case SH_PPOLL:
		v->flags |= time_flags((const struct timespec *)v->a[2]);
		break;
	case SH_SELECT:	/* pselect's timespec or select's timeval: zero is zero */
		v->asked = (uint32_t)v->a[0];
		v->flags |= time_flags((const struct timespec *)v->a[4]);
		return true;
	case SH_EPOLL:
		v->asked = (uint32_t)v->a[3];
		v->flags |= milliseconds_flags((int)v->a[3]);
		at_fd(v, v->a[0]);
		return true;
	default:
		v->flags |= time_flags((const struct timespec *)v->a[3]);
		at_fd(v, v->a[0]);
		return true;
	}
	if (v->a[1] == 1) {
		at_fd(v, ((const struct pollfd *)v->a[0])->fd);
		v->fd = -1;
	}
	return true;
}

static bool futex_waits(const struct inv *v)
{
	long operation = v->a[1] & FUTEX_CMD_MASK;

	return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
}

/* Things without a descriptor. */
static bool look_object(struct inv *v)
{
	switch (v->shape) {
	case SH_SEM_TIMED: case SH_SEM:
		v->object = address_object(OBJ_SEM, v->a[0]);
		v->flags |= v->shape == SH_SEM_TIMED ? EVF_TIMED : 0;
		return true;
	case SH_MUTEX_TIMED: case SH_MUTEX:
		if (!mutex_is_shared((const void *)v->a[0]))
			return false;
		v->object = address_object(OBJ_SEM, v->a[0]);
		v->flags |= v->shape == SH_MUTEX_TIMED ? EVF_TIMED : 0;
		return true;
	case SH_COND_TIMED: case SH_COND:
		/* One of a process's own is no object, but it may wait there for ever. */
		if (condition_is_shared((const void *)v->a[0]))
			v->object = address_object(OBJ_SEM, v->a[0]);
		v->flags |= v->shape == SH_COND_TIMED ? EVF_TIMED : 0;
		return true;
	case SH_FUTEX:
		if (!futex_waits(v))
			return false;
		if (!(v->a[1] & FUTEX_PRIVATE_FLAG))
			v->object = address_object(OBJ_SEM, v->a[0]);
		v->flags |= v->a[3] ? EVF_TIMED : 0;
		return true;
	default:
		v->fd = (int)v->a[0];
		v->object = object_of_sysv(v->row, v->a[0]);
		v->asked = v->shape == SH_SYSV_IN || v->shape == SH_SYSV_OUT ? (uint32_t)v->a[2] : 0;
		v->flags |= v->shape == SH_SEMOP_TIMED ? EVF_TIMED : 0;
		return true;
	}
}

/* Not until a given time: that is no length. */
static uint32_t sleep_ms(const struct inv *v)
{
	const struct timespec *t = (const struct timespec *)v->a[v->row == ROW_clock_nanosleep ? 2 : 0];

	if (v->row == ROW_sleep)
		return (uint32_t)v->a[0] * 1000;
	if (v->row == ROW_usleep)
		return (uint32_t)v->a[0] / 1000;
	if (!t || (v->row == ROW_clock_nanosleep && v->a[1] & TIMER_ABSTIME))
		return 0;
	return (uint32_t)t->tv_sec * 1000 + (uint32_t)(t->tv_nsec / 1000000);
}

/* Processes and signals. */
static bool look_process(struct inv *v)
{
	switch (v->shape) {
	case SH_KILL:
		v->fd = (int)v->a[0];
		v->asked = (uint32_t)(v->row == ROW_tgkill ? v->a[2] : v->a[1]);
		return true;
	case SH_SIGACTION:
		v->asked = (uint32_t)v->a[0];
		return true;
	case SH_WAITPID:
		v->a[0] = v->a[0] ? v->a[0] : (long)&v->status;
		return true;
	case SH_WAITPID_FLAGS:
		v->fd = (int)v->a[0];
		v->a[1] = v->a[1] ? v->a[1] : (long)&v->status;
		v->flags |= v->a[2] & WNOHANG ? EVF_NONBLOCK : 0;
		return true;
	case SH_WAITID:
		v->flags |= v->a[3] & WNOHANG ? EVF_NONBLOCK : 0;
		return true;
	case SH_SLEEP:
		v->asked = sleep_ms(v);
		v->flags |= EVF_TIMED;
		return true;
	case SH_SIGWAIT_TIMED:
		v->flags |= EVF_TIMED;
		return true;
	default:
		return true;
	}
}

/* How long until a timer goes off that does so once, in ms; 0: again and again, or never. */
static uint64_t single_shot_ms(const struct inv *v)
{
	const struct itimerspec *t = (const struct itimerspec *)v->a[2];

	if (!t || v->a[1] & TFD_TIMER_ABSTIME || t->it_interval.tv_sec || t->it_interval.tv_nsec)
		return 0;
	return (uint64_t)t->it_value.tv_sec * 1000 + (uint64_t)t->it_value.tv_nsec / 1000000;
}

static bool is_file_lock(long command)
{
	return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

static bool lock_waits(const struct inv *v)
{
	return v->row == ROW_flock ? !(v->a[1] & (LOCK_NB | LOCK_UN)) : v->a[1] == F_LOCK;
}

bool look(struct inv *v)
{
	if (row_family[v->row] == FAMILY_WAIT)
		return look_wait(v);
	switch (v->shape) {
	case SH_SYSV_IN: case SH_SYSV_OUT: case SH_SYSV_CTL: case SH_SEMOP: case SH_SEMOP_TIMED: case SH_SHMAT:
	case SH_SEM: case SH_SEM_TIMED: case SH_MUTEX: case SH_MUTEX_TIMED: case SH_COND: case SH_COND_TIMED:
	case SH_FUTEX:
		return look_object(v);
	case SH_ACCEPT: case SH_FD: case SH_LISTEN: case SH_BIND: case SH_CONNECT: case SH_CLOSE:
		return at_fd(v, v->a[0]);
	case SH_SETSOCKOPT:
		return at_fd_asking(v, v->a[0], (uint64_t)v->a[2]);
	case SH_TIMER:
		return at_fd_asking(v, v->a[0], single_shot_ms(v));
	case SH_FCNTL:
		return at_fd_asking(v, v->a[0], (uint64_t)v->a[1]) || is_file_lock(v->a[1]);
	case SH_FILE_LOCK:	/* the file is none of ours, the lock is */
		v->asked = (uint32_t)v->a[1];
		v->flags |= lock_waits(v) ? 0 : EVF_NONBLOCK;
		at_fd(v, v->a[0]);
		return true;
	case SH_CONFINE:	/* no talk to anybody; but from then on there is less to be asked */
		confine_expect(v);
		return false;
	case SH_MMAP:
		return (v->a[3] & MAP_SHARED) && !(v->a[3] & MAP_ANONYMOUS) && at_fd(v, v->a[4]);
	case SH_EPOLL_CTL:
		v->asked = (uint32_t)v->a[1];
		v->fd = (int)v->a[2];
		v->object = object_of_fd((int)v->a[2]);
		edge_note((int)v->a[0], (int)v->a[1], (int)v->a[2], (const struct epoll_event *)v->a[3]);
		return true;
	default:
		return row_family[v->row] <= FAMILY_SEND ? look_move(v) : look_process(v);
	}
}

void argument_name(const struct inv *v, char *name, size_t size)
{
	const struct msghdr *m;
	long text = 0;

	name[0] = '\0';
	switch (v->shape) {
	case SH_CONNECT: case SH_BIND:
		address_name((const void *)v->a[1], v->a[1] ? (uint32_t)v->a[2] : 0, name, size);
		break;
	case SH_BUF_OUT_TO:
		address_name((const void *)v->a[4], v->a[4] ? (uint32_t)v->a[5] : 0, name, size);
		break;
	case SH_MSG_OUT:
		m = (const struct msghdr *)v->a[1];
		address_name(m->msg_name, m->msg_name ? m->msg_namelen : 0, name, size);
		break;
	case SH_OPEN: case SH_PATH:
		text = v->a[0];
		break;
	case SH_OPEN_AT: case SH_PATH_AT:
		text = v->a[1];
		break;
	default:
		break;
	}
	if (text)
		text_copy(name, size, (const char *)text);
}
