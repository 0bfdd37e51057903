/* SPDX-License-Identifier: MIT */
/* What a call that has succeeded changes: which descriptor is what, who has connected, whether the role is ready. */
#include "faults/preload/inject.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "faults/preload/rows.h"

/* A descriptor that is new, whatever had its number before. */
static void learn_new(struct inv *v, int fd)
{
	object_forget(fd);
	v->object = object_of_fd(fd);
	v->fd = fd;
}

static void learn_two(struct inv *v, const int *fds)
{
	object_forget(fds[0]);
	object_forget(fds[1]);
	if (v->shape == SH_PAIR)
		object_pair(fds[0], fds[1], OBJ_SOCKETPAIR);
	v->object = object_of_fd(fds[0]);
	object_of_fd(fds[1]);
	v->fd = fds[0];
}

static void learn_range(unsigned first, unsigned last)
{
	object_forget_range(first, last);
	self->fd_exhausted = 0;
}

static void learn_option(const struct inv *v)
{
	const struct timeval *t = (const void *)v->a[3];
	struct object *o = object_at(v->object);

	if (v->a[1] != SOL_SOCKET || (v->a[2] != SO_RCVTIMEO && v->a[2] != SO_SNDTIMEO))
		return;
	atomic_fetch_or(&o->flags, v->a[2] == SO_RCVTIMEO ? OBF_RCVTIMEO : OBF_SNDTIMEO);
	if (v->a[2] == SO_RCVTIMEO && (size_t)v->a[4] >= sizeof(*t))
		atomic_store(&o->patience_ms, (uint32_t)(t->tv_sec * 1000 + t->tv_usec / 1000));
}

/* A child that was killed by a signal: nobody but its parent is told. */
static void learn_death(const struct inv *v)
{
	const int *status = (const int *)v->a[v->shape == SH_WAITPID ? 0 : 1];
	const siginfo_t *info = (const void *)v->a[2];

	if (v->shape == SH_WAITID && info && (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED))
		child_died(info->si_pid, info->si_status);
	else if (v->shape != SH_WAITID && status && v->result > 0 && WIFSIGNALED(*status))
		child_died((int32_t)v->result, WTERMSIG(*status));
}

/* A name in the file system that the role has made: nothing is done with it here, but it may be left behind. */
static void learn_name(const char *before, const char *path)
{
	char name[OBJECT_NAME] = "";
	size_t n;

	if (!*before && path[0] != '/' && syscall(SYS_getcwd, name, sizeof(name) - 1) < 0)
		return;
	n = strlen(name);
	if (n)
		name[n++] = '/';
	text_copy(name + n, sizeof(name) - n, before);
	n = strlen(name);
	text_copy(name + n, sizeof(name) - n, path);
	if (strlen(name) < sizeof(name) - 1)	/* one that was cut could be another's */
		object_of_key(OBJ_FILE, hash_bytes(name, strlen(name)), name);
}

static void learn_path(const struct inv *v)
{
	bool at = v->shape == SH_PATH_AT;
	const char *path = (const char *)v->a[at ? 1 : 0];

	if (v->row == ROW_sem_open)
		learn_name("/dev/shm/sem.", path + strspn(path, "/"));
	else if (row_family[v->row] == FAMILY_OPEN && (!at || v->a[0] == AT_FDCWD || *path == '/') &&
		(v->row == ROW_mkfifo || v->row == ROW_mkfifoat || S_ISFIFO((mode_t)v->a[at ? 2 : 1])))
		learn_name("", path);
}

void learn(struct inv *v)
{
	int fd = (int)v->result;

	switch (v->shape) {
	case SH_SOCKET: case SH_NEWFD: case SH_OPEN: case SH_OPEN_AT:
		learn_new(v, fd);
		break;
	case SH_PAIR:
		learn_two(v, (const int *)v->a[3]);
		break;
	case SH_PIPE:
		learn_two(v, (const int *)v->a[0]);
		break;
	case SH_DUP:
		object_dup((int)v->a[0], fd);
		v->object = object_of_fd(fd);
		v->fd = (int)v->a[0];
		break;
	case SH_FCNTL:
		if (v->a[1] == F_DUPFD || v->a[1] == F_DUPFD_CLOEXEC)
			object_dup((int)v->a[0], fd);
		break;
	case SH_PATH: case SH_PATH_AT:
		learn_path(v);
		break;
	case SH_SYSV_GET:
		v->fd = fd;
		v->object = object_of_sysv(v->row, v->result);
		break;
	case SH_ACCEPT:
		object_accepted(v->fd, fd);
		break;
	case SH_BIND:
		object_bound(v->fd, NULL, 0);
		if (is_datagram(v) && !talks_to_kernel(v))
			role_ready();
		break;
	case SH_LISTEN:
		object_listening(v->fd);
		role_ready();
		break;
	case SH_SPAWN:
		if (v->a[0])
			child_beside(*(const pid_t *)v->a[0], (const char *)v->a[1]);
		break;
	case SH_WAITPID: case SH_WAITPID_FLAGS: case SH_WAITID:
		learn_death(v);
		break;
	case SH_MMAP:
		segment_mapped(v);
		break;
	case SH_SIGACTION:
		crash_hide(v);
		break;
	case SH_SETSOCKOPT:
		learn_option(v);
		break;
	case SH_CLOSE_RANGE:
		learn_range((unsigned)v->a[0], (unsigned)v->a[1]);
		break;
	case SH_CLOSE_FROM:
		learn_range((unsigned)v->a[0], ~0u);
		break;
	case SH_BUF_OUT: case SH_BUF_OUT_FLAGS: case SH_BUF_OUT_TO: case SH_MSG_OUT:
		if (is_datagram(v) && !(v->flags & EVF_STRUCK))
			datagram_sent(v->fd);
		break;
	default:
		break;
	}
}
