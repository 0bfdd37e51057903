/* SPDX-License-Identifier: MIT */
#include "core/techniques/probes/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { LOOKS = 8 }; /* asleep in so many looks, without a wake-up between: blocked */
static const int64_t look_ns = 5000000, deadline_ns = 12000000000;

int64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

void futex_sleep(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
	struct timespec t = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, seen, &t, NULL, 0);
}

void futex_wake_all(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* --- in the puppet -------------------------------------------------------------------------------------------- */

static struct puppet *self;

static void signal_handled(int number)
{
	(void)number;
	atomic_fetch_add(&self->n_handled, 1);
	futex_wake_all(&self->n_handled);
}

static void sigpipe_handled(int number)
{
	(void)number;
	atomic_fetch_add(&self->n_sigpipe, 1);
}

static void handler_install(int number, void (*handler)(int), int flags)
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&a.sa_mask);
	sigaction(number, &a, NULL);
}

int64_t work_restart_on(struct puppet *me)
{
	(void)me;
	handler_install(LAB_SIGNAL, signal_handled, SA_RESTART);
	return 0;
}

static int64_t work_exit(struct puppet *me)
{
	(void)me;
	_exit(0);
}

/* The number under which /proc knows this process; it may be mounted for another PID namespace. */
static int proc_number(void)
{
	char text[32];
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}

static _Noreturn void puppet_live(struct puppet *me, pid_t parent)
{
	self = me;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	handler_install(LAB_SIGNAL, signal_handled, 0);
	handler_install(SIGPIPE, sigpipe_handled, SA_RESTART);
	me->proc = proc_number();
	for (uint32_t n = 0;; n++) {
		uint32_t told;

		while ((told = atomic_load(&me->told)) == n)
			futex_sleep(&me->told, n, deadline_ns);
		atomic_store(&me->begun, told);
		me->result = me->work(me);
		atomic_store(&me->done, told);
		futex_wake_all(&me->done);
	}
}

/* --- in the experimenter -------------------------------------------------------------------------------------- */

struct puppet *puppet_new(struct lab *lab)
{
	struct puppet *p = &lab->puppets[lab->n_puppets];
	pid_t parent = getpid(), pid;

	if (lab->n_puppets == LAB_PUPPETS)
		return NULL;
	*p = (struct puppet){ .lab = lab };
	p->end.link = lab->link;
	p->end.place = &lab->place;
	p->end.fd = p->end.listener = -1;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return NULL;
	if (pid == 0)
		puppet_live(p, parent);
	p->pid = pid; /* by the parent alone: the puppet's own 0 must never get here */
	p->alive = true;
	lab->n_puppets++;
	return p;
}

void puppet_tell(struct puppet *p, int64_t (*work)(struct puppet *me))
{
	p->work = work;
	atomic_fetch_add(&p->told, 1);
	futex_wake_all(&p->told);
}

/* Is the process asleep in a wait that a signal can end? *switches tells one sleep from the next. -1: not there. */
static int asleep(const struct puppet *p, long *switches)
{
	char path[48], text[2048];
	const char *state, *count;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", p->proc);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	state = strstr(text, "\nState:\t");
	count = strstr(text, "\nvoluntary_ctxt_switches:");
	if (!state || !count)
		return -1;
	*switches = strtol(count + 25, NULL, 10);
	return state[8] == 'S' && atomic_load(&p->begun) == atomic_load(&p->told);
}

static bool reap(struct puppet *p, int options)
{
	siginfo_t info = { .si_pid = 0 };

	if (!p->alive)
		return true;
	if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | options) || info.si_pid == 0)
		return false;
	p->status = info.si_status;
	p->alive = false;
	return true;
}

static int64_t wait_for(struct puppet *p, int looks, int64_t between_ns)
{
	int64_t end_ns = clock_ns() + deadline_ns;
	long before = -1;
	int n = 0;

	while (p->alive) {
		uint32_t done = atomic_load(&p->done);
		long now = -1;

		if (done == atomic_load(&p->told))
			return p->result;
		if (clock_ns() > end_ns)
			return WORK_LATE;
		futex_sleep(&p->done, done, between_ns);
		if (atomic_load(&p->done) != done)
			continue;
		if (reap(p, WNOHANG))
			break;
		if (asleep(p, &now) == 1 && (n == 0 || now == before))
			n++;
		else
			n = 0;
		before = now;
		if (n >= looks && atomic_load(&p->done) == done)
			return WORK_BLOCKED;
	}
	return WORK_DIED;
}

int64_t puppet_wait(struct puppet *p)
{
	return wait_for(p, LOOKS, look_ns);
}

int64_t puppet_wait_asleep(struct puppet *p)
{
	return wait_for(p, 1, 20000);
}

int64_t puppet_do(struct puppet *p, int64_t (*work)(struct puppet *me))
{
	puppet_tell(p, work);
	return puppet_wait(p);
}

void puppet_kill(struct puppet *p)
{
	if (!p->alive || p->pid <= 0)
		return;
	kill(p->pid, SIGKILL);
	reap(p, 0);
}

int puppet_exit(struct puppet *p)
{
	if (!p->alive)
		return -ECHILD;
	if (atomic_load(&p->done) != atomic_load(&p->told)) {
		puppet_kill(p);
		return -EBUSY;
	}
	puppet_tell(p, work_exit);
	reap(p, 0);
	return 0;
}

int puppet_interrupt(struct puppet *p)
{
	uint32_t before = atomic_load(&p->n_handled);
	int64_t end_ns = clock_ns() + deadline_ns;

	if (kill(p->pid, LAB_SIGNAL))
		return WORK_DIED;
	while (atomic_load(&p->n_handled) == before) {
		if (clock_ns() > end_ns)
			return WORK_LATE;
		futex_sleep(&p->n_handled, before, look_ns);
	}
	return 0;
}
