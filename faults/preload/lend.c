/* SPDX-License-Identifier: MIT */
/*
 * A zygote lends its memory instead of copying it: nothing of a process is as dear to make and to take down as its page
 * tables. The child runs in it as after vfork(2), and when all of it has ended, what it has changed is put back: bytes
 * of private memory, and mappings beside those that there were. What cannot be put back ends the zygote, and the
 * harness starts the role anew for each run.
 */
#include "faults/preload/inject.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum {
	PAGE = 4096, PARTS = 512, PAGES_MOST = 1024 /* more are dearer than a fork */, PART_PAGES = 1 << 15,
	MAPS_ROOM = 1 << 17, STACK_ROOM = 1 << 16, BELOW_FRAME = 1024,
};
#define ENTRY_THERE ((uint64_t)3 << 62)	/* of /proc/PID/pagemap: present, or swapped out */

/* A mapping. */
struct part {
	uintptr_t start, end;
	char perms[4];		/* as in /proc/PID/maps */
	bool kept;		/* private and writable: what is in it is put back */
	bool file, stack;
};

/* A page that there was, and what was in it. */
struct shadow {
	uintptr_t at;
	unsigned char *copy;
};

/* In shared memory, which is not put back. The zygote's own stack is there as well: its old one is lent. */
struct lender {
	struct role_slot *slot;
	int *tid;
	int (*run)(void *);
	void *argument, *child_stack;
	int maps, pagemap, dumpable;
	uintptr_t brk;
	uint64_t covered;	/* bytes of all parts */
	uint32_t n_parts, n_now, n_shadows;
	struct part parts[PARTS], now[PARTS];
	struct shadow shadows[PAGES_MOST];
	uint64_t entries[PART_PAGES];
	char text[MAPS_ROOM];
	ucontext_t context;
	char stack[STACK_ROOM];
};

static struct lender *lender;

static uintptr_t hex(const char **at)
{
	uintptr_t n = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uintptr_t)(c - 'a' + 10);
		else
			return n;
	}
}

/* "55d0a000-55d0b000 rw-p 00002000 fd:00 1234   /usr/bin/it" */
static void part_read(struct part *p, const char *at, const char *end)
{
	const char *name = memchr(at, '/', (size_t)(end - at));

	if (!name)
		name = memchr(at, '[', (size_t)(end - at));
	p->start = hex(&at);
	at++;
	p->end = hex(&at);
	memcpy(p->perms, at + 1, sizeof(p->perms));
	p->kept = p->perms[1] == 'w' && p->perms[3] == 'p';
	p->file = name && *name == '/';
	p->stack = name && strncmp(name, "[stack]", 7) == 0;
}

static bool maps_read(struct lender *l, struct part *parts, uint32_t *n)
{
	size_t used = 0;
	long got;

	*n = 0;
	while ((got = syscall(SYS_pread64, l->maps, l->text + used, sizeof(l->text) - 1 - used, (off_t)used)) > 0)
		used += (size_t)got;
	l->text[used] = '\0';
	for (const char *at = l->text, *end; (end = strchr(at, '\n')); at = end + 1) {
		if (*n == PARTS)
			return false;
		part_read(&parts[(*n)++], at, end);
	}
	return got == 0 && *n;
}

/* How many pages a part has, each with its entry; -1: too many. */
static long entries_read(struct lender *l, const struct part *p)
{
	size_t n = (p->end - p->start) / PAGE;

	if (n > PART_PAGES || syscall(SYS_pread64, l->pagemap, l->entries, n * sizeof(*l->entries),
		(off_t)(p->start / PAGE * sizeof(*l->entries))) != (long)(n * sizeof(*l->entries)))
		return -1;
	return (long)n;
}

static bool pages_find(struct lender *l)
{
	for (uint32_t i = 0; i < l->n_parts; i++) {
		const struct part *p = &l->parts[i];
		long n = p->kept ? entries_read(l, p) : 0;

		if (n < 0)
			return false;
		for (long k = 0; k < n; k++) {
			if (!(l->entries[k] & ENTRY_THERE))
				continue;
			if (l->n_shadows == PAGES_MOST)
				return false;
			l->shadows[l->n_shadows++].at = p->start + (uintptr_t)k * PAGE;
		}
	}
	return true;
}

static void *shared_new(size_t size)
{
	void *at = (void *)syscall(
		SYS_mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static bool memory_note(struct lender *l)
{
	unsigned char *copies;

	if (!maps_read(l, l->parts, &l->n_parts) || !pages_find(l))
		return false;
	copies = shared_new((size_t)l->n_shadows * PAGE);
	/* Now with the copies among the parts. */
	if (!copies || !maps_read(l, l->parts, &l->n_parts))
		return false;
	for (uint32_t i = 0; i < l->n_parts; i++)
		l->covered += l->parts[i].end - l->parts[i].start;
	for (uint32_t i = 0; i < l->n_shadows; i++) {
		l->shadows[i].copy = copies + (size_t)i * PAGE;
		memcpy(l->shadows[i].copy, (const void *)l->shadows[i].at, PAGE);
	}
	return true;
}

/* What lies between two of the parts, or beyond them: the stack has grown, or the child has mapped it. */
static void gap_close(const struct part *p, const struct part *next, uintptr_t from, uintptr_t to)
{
	if (p->stack || (next && next->stack && to == next->start))
		syscall(SYS_madvise, from, to - from, MADV_DONTNEED);
	else
		syscall(SYS_munmap, from, to - from);
}

/* False: something that was there is no more, or is not as it was. */
static bool parts_restore(struct lender *l)
{
	uint64_t covered = 0;
	uint32_t k = 0;

	if ((uintptr_t)syscall(SYS_brk, 0) != l->brk)
		syscall(SYS_brk, l->brk);
	if (!maps_read(l, l->now, &l->n_now))
		return false;
	for (uint32_t i = 0; i < l->n_now; i++) {
		const struct part *p = &l->now[i];

		for (uintptr_t from = p->start, to; from < p->end; from = to) {
			const struct part *old;

			while (k < l->n_parts && l->parts[k].end <= from)
				k++;
			old = k < l->n_parts && l->parts[k].start < p->end ? &l->parts[k] : NULL;
			if (!old || old->start > from) {
				to = old ? old->start : p->end;
				gap_close(p, old, from, to);
				continue;
			}
			to = old->end < p->end ? old->end : p->end;
			if (memcmp(old->perms, p->perms, sizeof(p->perms)) == 0)
				covered += to - from;
		}
	}
	return covered == l->covered;
}

/* A page that was not there: nothing was in it, or what is in its file. */
static void page_empty(const struct part *p, uintptr_t at)
{
	if (p->file)
		syscall(SYS_madvise, at, PAGE, MADV_DONTNEED);
	else
		memset((void *)at, 0, PAGE);
}

static bool memory_restore(struct lender *l)
{
	uint32_t s = 0;

	for (uint32_t i = 0; i < l->n_parts; i++) {
		const struct part *p = &l->parts[i];
		long n = p->kept ? entries_read(l, p) : 0;

		if (n < 0)
			return false;
		for (long k = 0; k < n; k++) {
			uintptr_t at = p->start + (uintptr_t)k * PAGE;

			if (s < l->n_shadows && l->shadows[s].at == at) {
				if (memcmp((const void *)at, l->shadows[s].copy, PAGE) != 0)
					memcpy((void *)at, l->shadows[s].copy, PAGE);
				s++;
			} else if (l->entries[k] & ENTRY_THERE) {
				page_empty(p, at);
			}
		}
	}
	return true;
}

/* Who has given up privileges has made all that is lent unreadable to others (prctl(2), PR_SET_DUMPABLE). */
static void dumpable_restore(const struct lender *l)
{
	if (syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) != l->dumpable)
		syscall(SYS_prctl, PR_SET_DUMPABLE, l->dumpable, 0, 0, 0);
}

/* CLONE_VFORK is over when the first thread has ended or has executed something; there may be others. */
static void end_await(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	while (syscall(SYS_poll, &end, 1, -1) != 1)
		;
	syscall(SYS_close, pidfd);
}

static void lend_loop(void)
{
	const int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
			  CLONE_PIDFD | SIGCHLD;
	struct lender *l = lender;

	for (uint32_t done = zygote_ready(l->slot);; done++) {
		int pidfd = -1;

		while (atomic_load(&l->slot->command) == done)
			futex_wait_ns(&l->slot->command, done, 0);
		if (clone(l->run, l->child_stack, flags, l->argument, &pidfd, NULL, l->tid) < 0)
			break;
		end_await(pidfd);
		dumpable_restore(l);
		if (!parts_restore(l) || !memory_restore(l))
			break;
		zygote_settled(l->slot);
	}
	syscall(SYS_exit_group, 0);
}

void lend_child(void)
{
	syscall(SYS_close, lender->maps);
	syscall(SYS_close, lender->pagemap);
}

static int own_open(const char *path)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

void lend(struct role_slot *slot, int *tid, int (*run)(void *), void *argument)
{
	int pidfd = (int)syscall(SYS_pidfd_open, my_pid(), 0);
	struct lender *l;

	/* Threads from before main would go on with it, and without a pidfd nobody tells of the end of all others. */
	if (pidfd < 0 || !__libc_single_threaded)
		return;
	syscall(SYS_close, pidfd);
	l = lender = shared_new(sizeof(*l));
	if (!l)
		return;
	l->slot = slot;
	l->tid = tid;
	l->run = run;
	l->argument = argument;
	l->maps = own_open("/proc/self/maps");
	l->pagemap = own_open("/proc/self/pagemap");
	l->dumpable = (int)syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	l->brk = (uintptr_t)syscall(SYS_brk, 0);
	l->child_stack = (void *)(((uintptr_t)__builtin_frame_address(0) - BELOW_FRAME) & ~(uintptr_t)63);
	if (l->maps >= 0 && l->pagemap >= 0 && memory_note(l) && getcontext(&l->context) == 0) {
		l->context.uc_stack = (stack_t){ .ss_sp = l->stack, .ss_size = sizeof(l->stack) };
		makecontext(&l->context, lend_loop, 0);
		setcontext(&l->context);
	}
	lend_child();
	syscall(SYS_munmap, l, sizeof(*l));
}
