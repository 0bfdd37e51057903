/* SPDX-License-Identifier: MIT */
/*
 * A zygote is started with LD_BIND_NOW, which the loader reads once, for good: a dlopen(RTLD_LAZY) of a library that
 * lacks a symbol would fail in its children. A program that may do so begins once more without.
 */
#include "faults/preload/inject.h"

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/preload/environ.h"

/* Does the object import dlopen()? The relocations name what it imports. */
static bool imports_loading(const struct link_map *map)
{
	const ElfW(Sym) *table = NULL;
	const char *names = NULL;
	const ElfW(Rela) *lists[2] = { NULL, NULL };
	size_t sizes[2] = { 0, 0 };

	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		table = d->d_tag == DT_SYMTAB ? (const void *)d->d_un.d_ptr : table;
		names = d->d_tag == DT_STRTAB ? (const void *)d->d_un.d_ptr : names;
		lists[0] = d->d_tag == DT_JMPREL ? (const void *)d->d_un.d_ptr : lists[0];
		lists[1] = d->d_tag == DT_RELA ? (const void *)d->d_un.d_ptr : lists[1];
		sizes[0] = d->d_tag == DT_PLTRELSZ ? d->d_un.d_val : sizes[0];
		sizes[1] = d->d_tag == DT_RELASZ ? d->d_un.d_val : sizes[1];
	}
	for (int k = 0; k < 2 && table && names; k++)
		for (size_t i = 0; lists[k] && i < sizes[k] / sizeof(ElfW(Rela)); i++) {
			const char *name = names + table[ELF64_R_SYM(lists[k][i].r_info)].st_name;

			if (!strcmp(name, "dlopen") || !strcmp(name, "dlmopen"))
				return true;
		}
	return false;
}

static bool loads_later(void)
{
	static const char *const others[] = { "/ld-linux", "/libc.so.", "linux-vdso", "/libsabot.so" };

	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
		bool other = false;

		for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
			other |= map->l_name && strstr(map->l_name, others[i]);
		if (!other && imports_loading(map))
			return true;
	}
	return false;
}

void bind_as_ever(char **argv)
{
	const char *mark = environment_value(ZYGOTE_ENV);

	if (!mark || mark[0] != '2' || !loads_later())
		return;
	unsetenv("LD_BIND_NOW");
	setenv(ZYGOTE_ENV, "1", 1);
	syscall(SYS_execve, "/proc/self/exe", argv, environ);
}
