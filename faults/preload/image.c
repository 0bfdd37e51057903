/* SPDX-License-Identifier: MIT */
/* Which program this is: its file, its modules, and whether it only starts another. */
#include "faults/preload/inject.h"

#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/base/str.h"
#include "faults/preload/environ.h"

enum { PATH_ROOM = 512 };

/* The first of them become the program that they start, the others stay beside it. */
enum { LAUNCHERS_BECOME = 8 };
static const char launchers[][8] = { "env", "setpriv", "nice", "nohup", "stdbuf", "taskset", "chrt", "ionice", "sh",
	"dash", "bash", "timeout", "xargs", "su", "sudo", "runuser", "unshare", "setsid", "strace", "ltrace", "gdb",
	"time" };

/*
 * Which file this program is. Told by the harness where it started it itself: a look into /proc costs 10 us. Gives back
 * the name that the user knows it by.
 */
static const char *executable_find(const struct role_slot *slot, char *path, size_t size)
{
	const char *started = (const char *)getauxval(AT_EXECFN);
	ssize_t n;

	if (slot->executable[0] && started && text_same(started, slot->path) && parent_pid() == arena->harness_pid) {
		text_copy(path, size, slot->executable);
		return slot->path;
	}
	n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, size - 1);
	path[n > 0 ? n : 0] = '\0';
	/* One that is to stop before main has executed itself again by then. */
	return slot->executable[0] && text_same(path, slot->executable) ? slot->path : path;
}

/* The program's modules as they are gone through; libc's code is where stdio calls from. */
struct modules {
	const char *executable;	/* the first has no name of its own; NULL after it */
	struct image *image;
};

uint32_t module_add(uint32_t image, uint64_t base, uint64_t start, uint64_t end, const char *path)
{
	uint32_t i = atomic_fetch_add(&arena->n_modules, 1);
	struct module *m;

	if (i >= ARENA_MODULES) {
		atomic_store(&arena->n_modules, ARENA_MODULES);
		return 0;
	}
	m = &arena->modules[i];
	m->image = image;
	m->base = base;
	m->start = start;
	m->end = end;
	text_copy(m->path, sizeof(m->path), path);
	atomic_store(&m->state, 1);
	return i + 1;
}

static int module_note(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *name = info->dlpi_name ? info->dlpi_name : "";
	uint64_t low = UINT64_MAX, high = 0;
	struct modules *modules = data;

	(void)size;
	for (int k = 0; k < info->dlpi_phnum; k++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[k];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		low = info->dlpi_addr + p->p_vaddr < low ? info->dlpi_addr + p->p_vaddr : low;
		high = info->dlpi_addr + p->p_vaddr + p->p_memsz > high ? info->dlpi_addr + p->p_vaddr + p->p_memsz
									: high;
	}
	if (strstr(name, "/libc.so.")) {
		modules->image->libc_start = low;
		modules->image->libc_end = high;
	}
	module_add(modules->image->index, info->dlpi_addr, low, high,
		modules->executable ? modules->executable : name);
	modules->executable = NULL;
	return 0;
}

static void launcher_find(const char *path, struct image *image)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (size_t i = 0; i < sizeof(launchers) / sizeof(*launchers); i++)
		if (text_same(name, launchers[i])) {
			image->launcher = true;
			image->stays = i >= LAUNCHERS_BECOME;
			return;
		}
	image->launcher = strncmp(name, "memcheck-", 9) == 0 || strncmp(name, "valgrind", 8) == 0;
}

struct image image_note(const struct role_slot *slot)
{
	struct image image = { .index = atomic_fetch_add(&arena->n_images, 1) };
	char executable[PATH_ROOM];
	struct modules modules = { .executable = executable_find(slot, executable, sizeof(executable)),
				   .image = &image };

	launcher_find(executable, &image);
	dl_iterate_phdr(module_note, &modules);
	return image;
}
