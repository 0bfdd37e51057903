/* SPDX-License-Identifier: MIT */
#include "core/sys/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/banned.h"
#include "core/base/str.h"

static int file_runnable(const char *file)
{
	struct stat st;

	if (stat(file, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return access(file, X_OK) ? -errno : 0;
}

static int find_in_path(const char *name, const char *path, char *out, size_t size)
{
	int worst = -ENOENT;

	while (path && *path) {
		size_t n = strcspn(path, ":");
		int error;

		snprintf(out, size, "%.*s/%s", n ? (int)n : 1, n ? path : ".", name);
		error = file_runnable(out);
		if (!error)
			return 0;
		if (error == -EACCES)
			worst = error;
		path += n + (path[n] == ':');
	}
	text_copy(out, size, name);
	return worst;
}

int program_find(const char *name, const char *directory, const char *path, char *out, size_t size)
{
	if (!strchr(name, '/'))
		return find_in_path(name, path ? path : "/usr/local/bin:/usr/bin:/bin", out, size);
	if (name[0] == '/' || !directory)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%s/%s", directory, name[0] == '.' && name[1] == '/' ? name + 2 : name);
	return file_runnable(out);
}

/* A string of the file's own, or "" if it does not lie in it. */
static const char *text_at(const char *map, size_t size, size_t offset)
{
	if (offset >= size || !memchr(map + offset, '\0', size - offset))
		return "";
	return map + offset;
}

static size_t offset_of(const Elf64_Phdr *ph, size_t n, uint64_t address)
{
	for (size_t i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && address >= ph[i].p_vaddr && address - ph[i].p_vaddr < ph[i].p_filesz)
			return (size_t)(address - ph[i].p_vaddr + ph[i].p_offset);
	return SIZE_MAX;
}

static void look_needed(
	const char *map, size_t size, const Elf64_Phdr *ph, size_t n, const Elf64_Phdr *dynamic, struct program *out)
{
	const Elf64_Dyn *d = (const void *)(map + dynamic->p_offset);
	size_t count = dynamic->p_filesz / sizeof(*d), strings = SIZE_MAX;

	for (size_t i = 0; i < count && d[i].d_tag != DT_NULL; i++)
		if (d[i].d_tag == DT_STRTAB)
			strings = offset_of(ph, n, d[i].d_un.d_ptr);
	if (strings == SIZE_MAX)
		return;
	for (size_t i = 0; i < count && d[i].d_tag != DT_NULL; i++) {
		const char *name;

		if (d[i].d_tag != DT_NEEDED || d[i].d_un.d_val >= size)
			continue;
		name = text_at(map, size, strings + d[i].d_un.d_val);
		if (!strncmp(name, "libasan.so", 10) || strstr(name, "clang_rt.asan"))
			text_copy(out->runtime, sizeof(out->runtime), name);
		if (out->runtime[0] || !strncmp(name, "libtsan.so", 10) || strstr(name, "clang_rt.tsan"))
			out->sanitized = true;
	}
}

static int look_elf(const char *map, size_t size, struct program *out)
{
	const Elf64_Ehdr *eh = (const void *)map;
	const Elf64_Phdr *ph, *dynamic = NULL;

	/* Another word size or machine may run through an emulator, but our library does not load into it. */
	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	if (eh->e_phentsize != sizeof(*ph) || eh->e_phoff > size || eh->e_phnum > (size - eh->e_phoff) / sizeof(*ph))
		return -ENOEXEC;
	ph = (const void *)(map + eh->e_phoff);
	for (size_t i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_INTERP)
			out->dynamic = true;
		if (ph[i].p_type == PT_DYNAMIC && ph[i].p_offset <= size && ph[i].p_filesz <= size - ph[i].p_offset)
			dynamic = &ph[i];
	}
	if (dynamic)
		look_needed(map, size, ph, eh->e_phnum, dynamic, out);
	return 0;
}

/* "#!/usr/bin/env python3": what ld.so starts is the interpreter. */
static int look_script(const char *map, size_t size, struct program *out)
{
	char line[256], interpreter[PATH_MAX];
	char *at;
	int error;
	size_t n = size - 2 < sizeof(line) - 1 ? size - 2 : sizeof(line) - 1;

	memcpy(line, map + 2, n);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	at = line + strspn(line, " \t");
	at[strcspn(at, " \t")] = '\0';
	if (!*at || strlen(at) >= sizeof(interpreter))
		return -ENOEXEC;
	if (file_runnable(at))
		return -ENOENT;
	error = program_look(at, out);
	out->script = true;
	return error;
}

/* Does it run with more rights than we have? Then ld.so takes nothing from the environment (ld.so(8)). */
static bool raises_rights(int fd, const struct stat *st)
{
	if (st->st_mode & S_ISUID && st->st_uid != geteuid())
		return true;
	if (st->st_mode & S_ISGID && st->st_mode & S_IXGRP && st->st_gid != getegid())
		return true;
	return geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

int program_look(const char *file, struct program *out)
{
	struct stat st;
	char *map;
	int error = -ENOEXEC, fd = open(file, O_RDONLY | O_CLOEXEC);
	bool raised;

	*out = (struct program){ .dynamic = false };
	if (fd < 0) {
		/* Executable but not readable: the kernel will know; a preload reaches most programs. */
		out->dynamic = errno == EACCES;
		return errno == EACCES ? 0 : -errno;
	}
	if (fstat(fd, &st) || st.st_size < 4) {
		close(fd);
		return -ENOEXEC;
	}
	raised = raises_rights(fd, &st);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	if (!memcmp(map, ELFMAG, SELFMAG) && (size_t)st.st_size >= sizeof(Elf64_Ehdr)) {
		error = look_elf(map, (size_t)st.st_size, out);
		out->privileged = raised;
	} else if (!memcmp(map, "#!", 2))
		error = look_script(map, (size_t)st.st_size, out);
	munmap(map, (size_t)st.st_size);
	return error;
}

int library_find(const char *soname, char *out, size_t size)
{
	static const char *const places[] = {
		"/usr/lib/x86_64-linux-gnu/%s",
		"/usr/lib/aarch64-linux-gnu/%s",
		"/usr/lib64/%s",
		"/usr/lib/%s",
		"/usr/local/lib/%s",
		"/lib/%s",
		"/usr/lib/gcc/*/*/%s",
		"/usr/lib/llvm-*/lib/clang/*/lib/linux/%s",
		"/usr/lib/clang/*/lib/linux/%s",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char pattern[512];
		glob_t found;
		int n;

		n = snprintf(pattern, sizeof(pattern), places[i], soname);
		if (n < 0 || (size_t)n >= sizeof(pattern))
			continue;
		if (!glob(pattern, 0, NULL, &found)) {
			text_copy(out, size, found.gl_pathv[0]);
			globfree(&found);
			return 0;
		}
	}
	return -ENOENT;
}
