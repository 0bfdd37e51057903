/* SPDX-License-Identifier: MIT */
/* What kind of program a file is: whether a preloaded library reaches it, and which sanitizer it was built with. */
#ifndef CORE_SYS_PROGRAM_H
#define CORE_SYS_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct program {
	bool dynamic; /* ld.so starts it, so a preload is seen (true for scripts: their interpreter) */
	bool privileged; /* setuid, setgid or with capabilities that we have not: ld.so ignores a preload */
	bool script; /* an interpreter runs it, of which the rest speaks */
	bool sanitized; /* built with ASan or TSan: slower */
	char runtime[128]; /* soname of a shared ASan runtime, which must be preloaded first; "" none */
};

/*
 * Where execvp(3) would find name: as it is if it has a slash (under directory if it is relative), else in the
 * directories of `path`, a value of $PATH. 0 and *out is filled, or -errno (-ENOENT, -EACCES, -EISDIR).
 */
int program_find(const char *name, const char *directory, const char *path, char *out, size_t size);
/* Looks into the file. 0 or -errno (-ENOEXEC: neither an ELF file of this machine's kind nor a script). */
int program_look(const char *file, struct program *out);
/* The file of a shared library that ld.so would take for this soname, if it is in a usual place. 0 or -ENOENT. */
int library_find(const char *soname, char *out, size_t size);

#endif
