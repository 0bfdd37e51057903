/* SPDX-License-Identifier: MIT */
#include "core/sys/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { PATH_ROOM = 96 };

/* Small files of /proc come whole by one read(2); `all` reads on until the end. */
static long file_read(const char *path, char *buffer, size_t size, bool all)
{
	size_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do {
		ssize_t got = read(fd, buffer + n, size - 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	} while (all && n + 1 < size);
	close(fd);
	buffer[n] = '\0';
	return (long)n;
}

static long small_read(const char *path, char *buffer, size_t size)
{
	long n = file_read(path, buffer, size, false);

	return n ? n : -ESRCH;
}

long proc_read(const char *path, char *buffer, size_t size)
{
	return file_read(path, buffer, size, true);
}

/* The fields of a stat file after the command's name, which may itself hold blanks and parentheses. */
static const char *stat_fields(const char *text)
{
	const char *end = strrchr(text, ')');

	return end && end[1] == ' ' ? end + 2 : NULL;
}

int proc_thread_state(int pid, int tid, bool deep, struct thread_state *out)
{
	char path[PATH_ROOM], text[1024];
	unsigned long long user = 0, system = 0, ran = 0, waited = 0, slices = 0;
	const char *fields;
	long n;

	*out = (struct thread_state){ .state = 0 };
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	n = small_read(path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	fields = stat_fields(text);
	if (!fields || sscanf(fields, "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &out->state, &user,
			       &system) != 3)
		return -EPROTO;
	out->cpu = user + system;
	if (!deep)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	if (small_read(path, text, sizeof(text)) > 0 && sscanf(text, "%llu %llu %llu", &ran, &waited, &slices) == 3) {
		out->ran_ns = ran;
		out->slices = slices;
	}
	return 0;
}

char proc_state_letter(int pid)
{
	char path[PATH_ROOM], text[512];
	const char *fields;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (small_read(path, text, sizeof(text)) < 0)
		return 0;
	fields = stat_fields(text);
	return fields ? fields[0] : 0;
}

/* The names of a directory that are numbers. */
static int numbers_of(const char *path, int *out, size_t max)
{
	int n = 0;
	DIR *dir = opendir(path);

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	for (struct dirent *e; (e = readdir(dir));) {
		char *end;
		long value = strtol(e->d_name, &end, 10);

		if (end == e->d_name || *end)
			continue;
		if ((size_t)n < max)
			out[n] = (int)value;
		n++;
	}
	closedir(dir);
	return n;
}

int proc_thread_count(int pid)
{
	char path[PATH_ROOM];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if (stat(path, &st))
		return errno == ENOENT ? -ESRCH : -errno;
	return (int)st.st_nlink - 2;
}

int proc_threads(int pid, int *tids, size_t max)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return numbers_of(path, tids, max);
}

int proc_descriptors(int pid, int *fds, size_t max)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	return numbers_of(path, fds, max);
}

int proc_descriptor_name(int pid, int fd, char *out, size_t size)
{
	char path[PATH_ROOM];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, out, size - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	return 0;
}

/* Where the kernel has no `children` files: ask every process for its parent. */
static int children_by_parent(int pid, int *pids, size_t max)
{
	int all[4096], found = 0, n = numbers_of("/proc", all, 4096);

	for (int i = 0; i < n && i < 4096; i++) {
		char path[PATH_ROOM], text[512], state;
		const char *fields;
		int parent;

		snprintf(path, sizeof(path), "/proc/%d/stat", all[i]);
		if (small_read(path, text, sizeof(text)) < 0)
			continue;
		fields = stat_fields(text);
		if (!fields || sscanf(fields, "%c %d", &state, &parent) != 2 || parent != pid)
			continue;
		if ((size_t)found < max)
			pids[found] = all[i];
		found++;
	}
	return found;
}

static int children_of_thread(int pid, int tid, int *pids, size_t max, int n)
{
	char path[PATH_ROOM], text[16384];
	long got;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	got = file_read(path, text, sizeof(text), true);
	if (got < 0)
		return (int)got;
	for (char *at = text;; n++) {
		char *end;
		long child = strtol(at, &end, 10);

		if (end == at)
			return n;
		if ((size_t)n < max)
			pids[n] = (int)child;
		at = end;
	}
}

int proc_children(int pid, int *pids, size_t max)
{
	int tids[256] = { pid }, n = 0, n_tids = proc_thread_count(pid);

	if (n_tids > 1)
		n_tids = proc_threads(pid, tids, 256);
	if (n_tids < 0)
		return n_tids;
	for (int i = 0; i < n_tids && i < 256; i++) {
		int more = children_of_thread(pid, tids[i], pids, max, n);

		/* The thread has ended, or this kernel has no such files. */
		if (more >= 0)
			n = more;
		else if (more == -ESRCH && access("/proc/thread-self/children", F_OK))
			return children_by_parent(pid, pids, max);
	}
	return n;
}

/* Does the system call with these arguments give up by itself? The arguments are pointers in the other process. */
static bool call_is_timed(long number, const unsigned long *a)
{
	switch (number) {
	case SYS_clock_nanosleep:
#ifdef SYS_nanosleep
	case SYS_nanosleep:
#endif
		return true;
	case SYS_futex: {
		unsigned long op = a[1] & 0x7f; /* without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME */

		return a[3] != 0 && (op == 0 || op == 6 || op == 9 || op == 11 || op == 13);
	}
#ifdef SYS_poll
	case SYS_poll:
		return (int)a[2] >= 0;
#endif
#ifdef SYS_epoll_wait
	case SYS_epoll_wait:
#endif
	case SYS_epoll_pwait:
		return (int)a[3] >= 0;
#ifdef SYS_epoll_pwait2
	case SYS_epoll_pwait2:
		return a[3] != 0;
#endif
	case SYS_ppoll:
		return a[2] != 0;
#ifdef SYS_select
	case SYS_select:
#endif
	case SYS_pselect6:
		return a[4] != 0;
	case SYS_rt_sigtimedwait:
		return a[2] != 0;
	case SYS_semtimedop:
		return a[3] != 0;
	case SYS_mq_timedsend:
	case SYS_mq_timedreceive:
		return a[4] != 0;
	case SYS_restart_syscall:
		return true;
	default:
		return false;
	}
}

int proc_thread_timed(int pid, int tid)
{
	char path[PATH_ROOM], text[256];
	unsigned long a[6];
	long number, n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	n = small_read(path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	if (sscanf(text, "%ld %lx %lx %lx %lx %lx %lx", &number, &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) != 7)
		return -EBUSY;
	return call_is_timed(number, a);
}

bool proc_has_timer(int pid)
{
	char path[PATH_ROOM], text[4096];
	unsigned long long caught = 0;
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/timers", pid);
	if (small_read(path, text, sizeof(text)) > 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (small_read(path, text, sizeof(text)) < 0)
		return false;
	at = strstr(text, "\nSigCgt:");
	if (!at || sscanf(at, "\nSigCgt: %llx", &caught) != 1)
		return false;
	return caught >> (SIGALRM - 1) & 1;
}

bool proc_tcp_in_flight(void)
{
	static const char *const tables[] = { "/proc/self/net/tcp", "/proc/self/net/tcp6" };
	bool some = false;

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && !some; i++) {
		FILE *f = fopen(tables[i], "re");
		char line[256];
		unsigned queued;

		/* "sl: local:port remote:port state tx_queue:rx_queue …" in hexadecimal */
		while (f && !some && fgets(line, sizeof(line), f))
			some = sscanf(line, " %*d: %*s %*s %*x %x:", &queued) == 1 && queued;
		if (f)
			fclose(f);
	}
	return some;
}

int pidfd_of(int pid)
{
#ifdef SYS_pidfd_open
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
#else
	(void)pid;
	return -ENOSYS;
#endif
}

int pidfd_borrow(int pidfd, int fd)
{
#ifdef SYS_pidfd_getfd
	long got = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return got < 0 ? -errno : (int)got;
#else
	(void)pidfd;
	(void)fd;
	return -ENOSYS;
#endif
}
