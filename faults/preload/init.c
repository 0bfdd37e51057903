/* SPDX-License-Identifier: MIT */
/* How a process comes under the injector: at its start, after fork, and as a fork of a stopped program. */
#include "faults/preload/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "faults/preload/environ.h"

struct arena *arena;
struct self *self;

/* Survive fork, unlike *self: what a child knows of where it comes from. */
static uint32_t my_role, parent_proc;
static struct image my_image;
static __thread uint32_t fork_ordinal __attribute__((tls_model("initial-exec")));
static bool is_zygote;

enum { READY_WAIT_NS = 100000000, ROLE_NEVER_READY = 2, HIGHEST_STANDARD = 2, PAGE = 4096 };

static void raw_close(int fd)
{
	syscall(SYS_close, fd);
}

static bool arena_open(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC), saved = errno;
	struct arena *a;
	struct stat st;

	if (fd < 0)
		return false;
	if (fd_stat(fd, &st) || st.st_size < (off_t)sizeof(struct arena)) {
		raw_close(fd);
		return false;
	}
	a = (void *)syscall(SYS_mmap, NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	raw_close(fd);
	errno = saved;
	if (a == MAP_FAILED || a->magic != ARENA_MAGIC || a->version != ARENA_VERSION)
		return false;
	arena = a;
	returns_forgotten = a->returns_forgotten != 0;
	return true;
}

/* A page that fork() empties (madvise(2), MADV_WIPEONFORK): nothing of the parent's identity can be taken for ours. */
static bool self_new(void)
{
	void *page = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return false;
	syscall(SYS_madvise, page, 4096, MADV_WIPEONFORK);
	self = page;
	return true;
}

static uint32_t proc_count(void)
{
	uint32_t n = atomic_load(&arena->n_procs);

	return n < ARENA_PROCS ? n : ARENA_PROCS;
}

/* Index + 1 of the live process with this pid. */
static uint32_t proc_of_pid(int32_t pid)
{
	for (uint32_t i = proc_count(); i-- > 0;)
		if (arena->procs[i].pid == pid && atomic_load(&arena->procs[i].state) == PROC_ALIVE)
			return i + 1;
	return 0;
}

void child_died(int32_t pid, int signal_number)
{
	for (uint32_t i = proc_count(); pid > 0 && i-- > 0;)
		if (arena->procs[i].pid == pid) {
			atomic_store(&arena->procs[i].died_by, signal_number);
			return;
		}
}

void child_beside(int32_t pid, const char *path)
{
	struct proc *p = &arena->procs[self->proc];
	uint32_t i = atomic_fetch_add(&p->n_beside, 1) % PROC_BESIDE;

	atomic_store(&p->beside[i], pid);
	text_copy(arena->programs[self->proc].started[i], PROC_EXECUTES, path);
}

void child_not_beside(int32_t pid)
{
	struct proc *p = &arena->procs[self->proc];
	uint32_t n = atomic_load(&p->n_beside);

	if (n && atomic_load(&p->beside[(n - 1) % PROC_BESIDE]) == pid)
		atomic_fetch_sub(&p->n_beside, 1);
}

bool borrows_memory(void)
{
	return self->pid != my_pid();
}

static void child_name(char *name, const char *parent, uint32_t ordinal)
{
	char digits[12];
	int n = 0;
	size_t length;

	text_copy(name, ROLE_NAME, parent);
	length = strlen(name);
	do
		digits[n++] = (char)('0' + ordinal % 10);
	while ((ordinal /= 10));
	if (length + (size_t)n + 2 > ROLE_NAME)
		return;
	name[length++] = '.';
	while (n)
		name[length++] = digits[--n];
	name[length] = '\0';
}

static uint32_t proc_new(uint32_t parent, uint32_t ordinal)
{
	uint32_t i = atomic_fetch_add(&arena->n_procs, 1);
	struct proc *p;

	if (i >= ARENA_PROCS) {
		atomic_fetch_add(&arena->lost, 1);
		return 0;
	}
	p = &arena->procs[i];
	atomic_store(&p->state, PROC_CLAIMED);
	atomic_store(&p->died_by, 0);
	atomic_store(&p->n_beside, 0);
	p->pid = my_pid();
	p->parent_pid = parent_pid();
	p->role = my_role;
	p->parent = parent;
	atomic_store(&p->n_children, 0);
	p->image = my_image.index;
	p->launcher = my_image.launcher;
	p->confined = parent ? arena->procs[parent - 1].confined : 0;
	atomic_store(&p->first_chunk, 0);
	atomic_store(&p->last_chunk, 0);
	atomic_store(&p->lost, 0);
	if (!parent)
		text_copy(p->name, ROLE_NAME, arena->roles[my_role].name);
	else if (arena->procs[parent - 1].launcher && ordinal == 1)
		text_copy(p->name, ROLE_NAME, arena->procs[parent - 1].name);
	else
		child_name(p->name, arena->procs[parent - 1].name, ordinal);
	return i + 1;
}

/* The descriptors that the harness gave are not channels between roles. */
static void standard_mark(void)
{
	object_forget_range(0, HIGHEST_STANDARD);	/* written before it is read: one page fault, not two */
	for (int fd = 0; fd <= HIGHEST_STANDARD; fd++) {
		struct object *o = object_at(object_of_fd(fd));

		if (o)
			atomic_fetch_or(&o->flags, OBF_STANDARD);
	}
}

/* The child of a role does not make it ready, but for a service that is asked to listen: there a child may do it. */
static bool child_is_done(const struct proc *p)
{
	const struct role_slot *slot = &arena->roles[p->role];

	return p->parent != 0 && (atomic_load(&slot->ready_at) != READY_LISTEN || atomic_load(&slot->ready));
}

static void identity_begin(uint32_t proc)
{
	struct proc *p = &arena->procs[proc - 1];

	self->proc = proc - 1;
	self->pid = p->pid;
	self->chunk = atomic_load(&p->last_chunk);
	self->ready_done = child_is_done(p) && !arena->procs[p->parent - 1].launcher;
	self->live = 1;
	self->loads = has_loaded;
	self->confined = p->confined;
	parent_proc = proc;
	atomic_store(&p->state, PROC_ALIVE);
	event_note(EV_HELLO, NULL, p->pid, p->image);
	if (!p->launcher)
		self_arm();
	fiu_start();
}

bool identity_take(void)
{
	static __thread bool taking __attribute__((tls_model("initial-exec")));
	uint32_t proc, ordinal = fork_ordinal;
	int saved = errno;

	if (!self || self->live)
		return self != NULL;
	if (is_zygote || taking || !parent_proc)
		return false;
	taking = true;
	fork_ordinal = 0;
	if (!ordinal)
		ordinal = atomic_fetch_add(&arena->procs[parent_proc - 1].n_children, 1) + 1;
	proc = proc_new(parent_proc, ordinal);
	if (proc) {
		identity_begin(proc);
		crash_watch();
	}
	taking = false;
	errno = saved;
	return proc != 0;
}

void identity_drop(void)
{
	parent_proc = 0;
	self->live = 0;
}

/* pthread_atfork: the parent gives the number, so that children are named in the order of the forks. */
static void fork_prepare(void)
{
	if (self && self->live)
		fork_ordinal = atomic_fetch_add(&arena->procs[self->proc].n_children, 1) + 1;
}

static void fork_child(void)
{
	if (self && !self->live)
		identity_take();
}

void role_ready(void)
{
	struct role_slot *slot = &arena->roles[my_role];

	if (self->ready_done)
		return;
	self->ready_done = 1;
	if (atomic_load(&slot->ready_at) == READY_HARNESS || atomic_load(&slot->ready))
		return;
	atomic_store(&slot->ready, 1);
	futex_wake_all(&slot->ready);
}

/* Roles that must be ready first. In the slot it looks like a sleep: the harness knows that it is not a hang. */
static void wait_for_others(void)
{
	uint64_t after = atomic_load(&arena->roles[my_role].after);

	for (uint32_t i = 0; i < ARENA_ROLES && after; i++) {
		if (!(after >> i & 1))
			continue;
		while (!atomic_load(&arena->roles[i].ready) && !atomic_load(&arena->stop))
			futex_wait_ns(&arena->roles[i].ready, 0, READY_WAIT_NS);
		after &= ~((uint64_t)1 << i);
	}
}

static void role_begin(void)
{
	uint32_t proc = proc_new(0, 0);

	if (!proc)
		return;
	identity_begin(proc);
	standard_mark();
	if (arena->procs[proc - 1].launcher)
		return;
	wait_for_others();
	if (atomic_load(&arena->roles[my_role].ready_at) == READY_STARTED)
		role_ready();
}

/* exec in the same process keeps the identity; the child of a process of ours is its child; else it is the role. */
static void program_begin(void)
{
	uint32_t mine = proc_of_pid(my_pid()), parents = mine ? 0 : proc_of_pid(parent_pid());

	if (mine) {
		struct proc *p = &arena->procs[mine - 1];
		bool was_launcher = p->launcher;

		p->image = my_image.index;
		p->launcher = my_image.launcher;
		identity_begin(mine);
		self->ready_done = !was_launcher && child_is_done(p);
		if (was_launcher && !p->launcher) {
			wait_for_others();
			if (atomic_load(&arena->roles[my_role].ready_at) == READY_STARTED)
				role_ready();
		}
	} else if (parents) {
		uint32_t ordinal = atomic_fetch_add(&arena->procs[parents - 1].n_children, 1) + 1;
		uint32_t proc = proc_new(parents, ordinal);

		if (!proc)
			return;
		identity_begin(proc);
		if (arena->procs[parents - 1].launcher && ordinal == 1) {
			wait_for_others();
			if (atomic_load(&arena->roles[my_role].ready_at) == READY_STARTED)
				role_ready();
		}
	} else {
		role_begin();
	}
}

/* strtoul() would bring in its page of libc at every start. */
static uint32_t number_of(const char *digits)
{
	uint32_t n = 0;

	for (; digits && *digits >= '0' && *digits <= '9'; digits++)
		n = n * 10 + (uint32_t)(*digits - '0');
	return n;
}

/*
 * Where libc keeps the id of the first thread, which the kernel writes in a child and clears at the end, and its list
 * of robust mutexes. The kernel knows, or there is no zygote.
 */
static struct {
	int *tid;
	void *robust;
	size_t robust_size;
} first_thread;

static bool first_thread_find(void)
{
	return syscall(SYS_prctl, PR_GET_TID_ADDRESS, &first_thread.tid) == 0 && first_thread.tid &&
		syscall(SYS_get_robust_list, 0, &first_thread.robust, &first_thread.robust_size) == 0;
}

static void begin_here(void)
{
	my_image = image_note(&arena->roles[my_role]);
	stdio_init(my_image.libc_start, my_image.libc_end);
	pthread_atfork(fork_prepare, NULL, fork_child);
}

__attribute__((constructor)) static void start(int argc, char **argv)
{
	const char *path = environment_value(ARENA_ENV), *role = environment_value(ROLE_ENV);
	bool asked_for_zygote = environment_value(ZYGOTE_ENV) != NULL;

	(void)argc;
	bind_as_ever(argv);
	real_init(asked_for_zygote);
	if (!path || !arena_open(path))
		return;
	my_role = number_of(role);
	if (my_role >= ARENA_ROLES || !self_new()) {
		self = NULL;
		return;
	}
	begin_here();
	is_zygote = asked_for_zygote && !my_image.launcher;
	/*
	 * What a launcher starts beside itself is not the whole of the role, and it may start more than one: then there
	 * is no zygote. The harness sees that from the end, and starts the role anew for each run.
	 */
	if (asked_for_zygote && (my_image.stays ||
		(is_zygote && (parent_pid() != arena->harness_pid || !first_thread_find()))))
		syscall(SYS_exit_group, 0);
	if (!is_zygote)
		program_begin();
}

__attribute__((destructor)) static void finish(void)
{
	if (!self || !self->live || self->pid != my_pid())
		return;
	datagram_flush(-1);
	event_note(EV_EXIT, NULL, -1, 0);
	atomic_store(&arena->procs[self->proc].state, PROC_EXITED);
}

void wrap__exit(int status) __asm__("_exit") __attribute__((visibility("default"), noreturn));
void wrap__Exit(int status) __asm__("_Exit") __attribute__((visibility("default"), noreturn));

void wrap__exit(int status)
{
	/* In a child of vfork the memory is still the parent's, and so is the identity. */
	if (self && self->live && self->pid == my_pid()) {
		datagram_flush(-1);
		event_note(EV_EXIT, NULL, status, 0);
		atomic_store(&arena->procs[self->proc].state, PROC_EXITED);
	}
	for (;;)
		syscall(SYS_exit_group, status);
}

void wrap__Exit(int status)
{
	wrap__exit(status);
}

/*
 * The zygote: a program that stands before main with everything loaded, and forks a run on command. Its children are
 * the role; itself it is nobody.
 */
static void zygote_child(void)
{
	is_zygote = false;
	if (self)
		memset(self, 0, sizeof(*self));
	role_begin();
}

/*
 * A fork whose child is the harness's, like a program that it executes: the harness waits for it, and the zygote need
 * not wake for that. Without the handlers of fork(): to the program, no fork has happened.
 */
static pid_t fork_beside(void)
{
	const unsigned long flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
#if defined(__x86_64__)
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, first_thread.tid, NULL);
#else
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, first_thread.tid);
#endif

	if (pid == 0)
		syscall(SYS_set_robust_list, first_thread.robust, first_thread.robust_size);
	return pid;
}

/*
 * fork() copies the page tables of a mapping only once a private page is in it; else every child faults its way
 * through the code of libc again, page after page. So each part with code gets one: a byte written over itself.
 */
static int part_own(struct dl_phdr_info *info, size_t size, void *data)
{
	int memory = *(int *)data;

	(void)size;
	for (int k = 0; k < info->dlpi_phnum; k++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[k];
		uint64_t at = info->dlpi_addr + p->p_vaddr;

		/* The vDSO is the kernel's own. */
		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || strncmp(info->dlpi_name, "linux-vdso", 10) == 0)
			continue;
		syscall(SYS_pwrite64, memory, (const void *)at, 1, at);
		/* Of our own code each child comes to more than its zygote did. */
		if ((uint64_t)part_own - at < p->p_memsz)
			syscall(SYS_madvise, at & ~(uint64_t)(PAGE - 1), p->p_memsz, 22 /* MADV_POPULATE_READ */);
	}
	return 0;
}

static void parts_own(void)
{
	int memory = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC);

	if (memory < 0)
		return;
	dl_iterate_phdr(part_own, &memory);
	raw_close(memory);
}

uint32_t zygote_ready(struct role_slot *slot)
{
	uint32_t done = atomic_load(&slot->command);

	atomic_store(&slot->zygote, 1);
	futex_wake_all(&slot->zygote);
	return done;
}

void zygote_told(struct role_slot *slot, int32_t pid)
{
	atomic_store(&slot->pid, pid);
	atomic_fetch_add(&slot->forked, 1);
	futex_wake_all(&slot->forked);
}

void zygote_settled(struct role_slot *slot)
{
	atomic_fetch_add(&slot->settled, 1);
	futex_wake_all(&slot->settled);
}

static void zygote_loop(void)
{
	struct role_slot *slot = &arena->roles[my_role];

	parts_own();
	for (uint32_t done = zygote_ready(slot);; done++) {
		int32_t pid;

		while (atomic_load(&slot->command) == done)
			futex_wait_ns(&slot->command, done, 0);
		fiu_prepare();
		pid = fork_beside();
		if (pid == 0) {
			zygote_child();
			return;
		}
		atomic_fetch_add(&slot->settled, 1);
		zygote_told(slot, pid);
	}
}

static int (*program_main)(int, char **, char **);

/* What main is called with. */
struct start {
	int argc;
	char **argv, **envp;
};

enum { RSEQ_SIZE = 32 };	/* as glibc registers it */

/* A child that has borrowed the zygote's memory. */
static int borrower(void *data)
{
	const struct start *start = data;

	lend_child();
	syscall(SYS_set_robust_list, first_thread.robust, first_thread.robust_size);
	/* What fork() inherits and clone() with CLONE_VM does not (rseq(2)). */
	if (__rseq_size)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, RSEQ_SIZE, 0, RSEQ_SIG);
	zygote_told(&arena->roles[my_role], my_pid());
	fiu_prepare();
	zygote_child();
	errno = 0;
	exit(program_main(start->argc, start->argv, start->envp));
}

static int zygote_then_main(int argc, char **argv, char **envp)
{
	static struct start start;
	const char *mark = getenv(ZYGOTE_ENV);

	/* Was LD_BIND_NOW set by the harness alone? */
	if (mark && mark[0] == '2')
		unsetenv("LD_BIND_NOW");
	unsetenv(ZYGOTE_ENV);
	start = (struct start){ argc, argv, envp };
	lend(&arena->roles[my_role], first_thread.tid, borrower, &start);
	zygote_loop();
	errno = 0;
	return program_main(argc, argv, envp);
}

typedef int start_main(
	int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

start_main wrap_start_main __asm__("__libc_start_main") __attribute__((visibility("default")));

int wrap_start_main(int (*main_function)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_main *libc = (start_main *)real_symbol("__libc_start_main");

	program_main = main_function;
	return libc(is_zygote ? zygote_then_main : main_function, argc, argv, init, fini, rtld_fini, stack_end);
}
