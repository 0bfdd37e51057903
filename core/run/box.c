/* SPDX-License-Identifier: MIT */
/*
 * Three processes: the harness, a keeper and the box. The keeper enters the namespaces, outlives the box for as long as
 * cleaning takes, and ends when the harness does, however that ends. The box is process 1 of its PID namespace.
 */
#include "core/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/run/box.h"
#include "core/sys/files.h"
#include "core/sys/namespaces.h"
#include "core/sys/proc.h"
#include "core/sys/spawn.h"

/* There in a build that measures coverage. */
extern void __gcov_dump(void) __attribute__((weak));

/* What the box tells box_start(): 0 it works, < 0 -errno, or: */
enum { HANDSHAKE_NO_PROC = 1 };

static bool under(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return path && !strncmp(path, directory, n) && (path[n] == '/' || !path[n]);
}

/* An empty directory that every machine has: mounting over it hides nothing, and nothing of ours is left if we die. */
static bool root_mount(struct box *box)
{
	static const char *const places[] = { "/mnt", "/media", "/srv", "/opt" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!directory_empty(places[i]))
			continue;
		/* The arena lies there: in huge pages it costs a program a few faults at its start, not dozens. */
		if (namespaces_mount("tmpfs", places[i], "mode=0755,huge=within_size") &&
			namespaces_mount("tmpfs", places[i], "mode=0755"))
			return false;
		text_copy(box->root, sizeof(box->root), places[i]);
		return true;
	}
	return false;
}

static void shm_mount(struct box *box)
{
	char cwd[PATH_MAX];

	if (under(box->options.library, "/dev/shm") || !getcwd(cwd, sizeof(cwd)) || under(cwd, "/dev/shm"))
		str_add(&box->notes, "/dev/shm is shared: the programs under test live in it\n");
	else if (!namespaces_mount("tmpfs", "/dev/shm", "mode=1777"))
		box->private_shm = true;
}

/* The private directory, and the file systems that go with it. In the keeper. */
static int root_make(struct box *box)
{
	box->mounted = box->parts & NAMESPACES_MOUNT && root_mount(box);
	if (!box->mounted) {
		text_copy(box->root, sizeof(box->root), "/tmp/sabot-XXXXXX");
		if (!mkdtemp(box->root) || chmod(box->root, 0755))
			return -errno;
	}
	snprintf(box->tmp, sizeof(box->tmp), "%s/t", box->root);
	if (mkdir(box->tmp, 01777) || chmod(box->tmp, 01777))
		return -errno;
	if (box->parts & NAMESPACES_MOUNT)
		shm_mount(box);
	if (box->parts & NAMESPACES_MOUNT && box->parts & NAMESPACES_IPC) {
		snprintf(box->mq, sizeof(box->mq), "%s/mq", box->root);
		if (mkdir(box->mq, 0755) || namespaces_mount("mqueue", box->mq, NULL))
			box->mq[0] = '\0';
		else
			namespaces_mount("mqueue", "/dev/mqueue", NULL);
	}
	if (box->parts & NAMESPACES_NET && namespaces_loopback())
		str_add(&box->notes, "the private network has no loopback device\n");
	/* The arena is big and sparse, and written all the time: memory, not a disk. */
	if (box->mounted || access("/dev/shm", W_OK))
		snprintf(box->arena_path, sizeof(box->arena_path), "%s/arena", box->root);
	else
		snprintf(box->arena_path, sizeof(box->arena_path), "/dev/shm/%s", strrchr(box->root, '/') + 1);
	return 0;
}

/* What makes the names that programs are given differ from those of other boxes, where they could meet. */
static void box_identify(struct box *box)
{
	bool alone = box->parts & NAMESPACES_IPC;

	box->key = alone ? 0x5ab07u : 0x5ab00000u + ((uint32_t)box->outside_pid & 0xfffffu);
	if (alone && box->private_shm)
		text_copy(box->id, sizeof(box->id), "sabot");
	else
		snprintf(box->id, sizeof(box->id), "sabot%dx", box->outside_pid);
}

static void root_remove(struct box *box)
{
	if (box->mounted || !box->root[0])
		return;
	if (box->arena_path[0])
		unlink(box->arena_path);
	tree_remove(box->root);
}

/*
 * On one CPU and in SCHED_BATCH, which never takes the CPU from one that runs for one that wakes up: processes take
 * turns where they wait, the same ones in every run, not where the scheduler's accounts of the moment put it.
 */
static void box_pin(const struct box *box)
{
	cpu_set_t set;

	if (box->options.cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(box->options.cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ .sched_priority = 0 });
}

int box_open(struct box *box)
{
	struct epoll_event on = { .events = EPOLLIN };
	sigset_t child;
	int error;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_SETMASK, &child, NULL);
	box->signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	box->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	box->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	box->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	box->children_fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	if (box->signal_fd < 0 || box->epoll_fd < 0 || box->null_fd < 0)
		return -errno;
	on.data.fd = box->signal_fd;
	epoll_ctl(box->epoll_fd, EPOLL_CTL_ADD, box->signal_fd, &on);
	if (box->notify_fd >= 0) {
		on.data.fd = box->notify_fd;
		epoll_ctl(box->epoll_fd, EPOLL_CTL_ADD, box->notify_fd, &on);
	}
	error = arena_new(box->arena_path, ARENA_CHUNKS, &box->arena);
	if (error)
		return error;
	box->arena->harness_pid = getpid();
	box->arena->payload = box->options.payload;
	text_copy(box->arena->library, sizeof(box->arena->library), box->options.library ? box->options.library : "");
	text_copy(box->arena->path, sizeof(box->arena->path), box->arena_path);
	text_copy(box->arena->directory, sizeof(box->arena->directory), box->tmp);
	return 0;
}

void box_close(struct box *box)
{
	run_finish(box);
	box->arena = arena_free(box->arena);
	str_fini(&box->notes);
	free(box->before);
	box->before = NULL;
}

static void handshake(int fd, int32_t word)
{
	ssize_t n = write(fd, &word, sizeof(word));

	(void)n; /* if the harness is gone, the keeper's death signal is on its way */
	close(fd);
}

static _Noreturn void box_main(struct box *box, int fd, int (*work)(struct box *box, void *data), void *data)
{
	int status, error;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (box->parts & NAMESPACES_PID && namespaces_mount("proc", "/proc", NULL)) {
		handshake(fd, HANDSHAKE_NO_PROC);
		_exit(0);
	}
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	error = box_open(box);
	handshake(fd, error);
	if (error)
		_exit(1);
	status = work(box, data);
	box_close(box);
	free(box);
	/* Not exit(): what the harness registered for its own end (a leak check among it) is not the box's to do. */
	fflush(NULL);
	if (__gcov_dump)
		__gcov_dump();
	_exit(status & 255);
}

/* Kills all that is left under the keeper, to the last grandchild: orphans become its children. */
static void keeper_sweep(void)
{
	int pids[256], n;

	while ((n = proc_children(getpid(), pids, 256)) > 0) {
		for (int i = 0; i < n && i < 256; i++)
			kill(pids[i], SIGKILL);
		for (int i = 0; i < n && i < 256; i++)
			waitpid(pids[i], NULL, 0);
	}
}

/* Until the box has ended; a signal (the harness ended, or box_stop()) ends it. Its wait status. */
static int keeper_watch(int signal_fd, pid_t child)
{
	struct signalfd_siginfo info;
	int status;

	for (;;) {
		ssize_t n = read(signal_fd, &info, sizeof(info));
		pid_t pid;

		if (n == (ssize_t)sizeof(info) && info.ssi_signo != SIGCHLD)
			kill(child, SIGKILL);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == child)
				return status;
	}
}

static _Noreturn void keeper_main(const struct box_options *options, unsigned want, int fd, pid_t harness,
	int (*work)(struct box *box, void *data), void *data)
{
	struct box *box = mem_new(sizeof(*box));
	sigset_t set;
	pid_t child;
	int signal_fd, status = 0, error;

	box->options = *options;
	box->outside_pid = getpid();
	sigemptyset(&set);
	for (const int *s = (const int[]){ SIGCHLD, SIGTERM, SIGINT, SIGHUP, 0 }; *s; s++)
		sigaddset(&set, *s);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signals_default();
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	box_pin(box);
	box->parts = namespaces_enter(want, &box->notes);
	if (want != NAMESPACES_ALL && !options->no_namespaces)
		str_add(&box->notes, "no private process ids: /proc cannot be mounted here\n");
	/* After the change of credentials, which would forget it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != harness)
		_exit(0);
	error = root_make(box);
	box_identify(box);
	leftovers_before(box);
	child = error ? -1 : fork();
	if (child == 0)
		box_main(box, fd, work, data);
	if (child < 0)
		handshake(fd, error ? error : -errno);
	else {
		close(fd);
		status = keeper_watch(signal_fd, child);
		makers_settle(box);
	}
	keeper_sweep();
	if (child > 0 && WIFSIGNALED(status))
		leftovers_rescue(box);
	root_remove(box);
	if (child > 0 && WIFSIGNALED(status))
		kill(getpid(), SIGKILL);
	_exit(WEXITSTATUS(status));
}

static int keeper_start(const struct box_options *options, unsigned want, int (*work)(struct box *box, void *data),
	void *data, int *pid)
{
	pid_t harness = getpid(), keeper;
	int32_t word = -EIO;
	int fds[2];
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	keeper = fork();
	if (keeper == 0) {
		close(fds[0]);
		keeper_main(options, want, fds[1], harness, work, data);
	}
	close(fds[1]);
	if (keeper < 0) {
		close(fds[0]);
		return -errno;
	}
	do
		n = read(fds[0], &word, sizeof(word));
	while (n < 0 && errno == EINTR);
	close(fds[0]);
	if (n == (ssize_t)sizeof(word) && word == 0) {
		*pid = keeper;
		return 0;
	}
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
	return word;
}

int box_start(const struct box_options *options, int (*work)(struct box *box, void *data), void *data, int *pid)
{
	unsigned want = options->no_namespaces ? 0 : NAMESPACES_ALL;
	int error = keeper_start(options, want, work, data, pid);

	if (error == HANDSHAKE_NO_PROC)
		error = keeper_start(options, want & ~(unsigned)NAMESPACES_PID, work, data, pid);
	return error;
}

int box_wait(int pid, int *status)
{
	int wait_status;

	while (waitpid(pid, &wait_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(wait_status))
		return -ECHILD;
	*status = WEXITSTATUS(wait_status);
	return 0;
}

void box_stop(int pid)
{
	kill(pid, SIGTERM);
}

const char *box_notes(const struct box *box)
{
	return str_get(&box->notes);
}

struct arena *box_arena(struct box *box)
{
	return box->arena;
}
