/* SPDX-License-Identifier: MIT */
/*
 * Libraries that come after the start: plug-ins, modules of an interpreter. Who has called dlopen() may make calls from
 * code that image_note() has not seen; from then on each call is asked where it comes from, and a library that was not
 * known is noted. _dl_find_object() (glibc 2.35) answers without a lock and is async-signal-safe.
 *
 * dlopen() looks for its caller's search path by its return address: it is jumped to, not called.
 */
#include "faults/preload/inject.h"

#include <dlfcn.h>
#include <features.h>
#include <link.h>
#include <string.h>

#include "core/base/str.h"

uint32_t has_loaded;

#if defined(__x86_64__) && __GLIBC_PREREQ(2, 35)

void *loading(void) FROM_ASSEMBLER(loading);

/* The arguments are in rdi and rsi; the stack is aligned again by the third push. */
__asm__(".text\n"
	".globl dlopen\n"
	".type dlopen, @function\n"
	"dlopen:\n"
	"	push %rdi\n"
	"	push %rsi\n"
	"	sub $8, %rsp\n"
	"	call loading\n"
	"	add $8, %rsp\n"
	"	pop %rsi\n"
	"	pop %rdi\n"
	"	jmp *%rax\n"
	".size dlopen, . - dlopen\n");

/* Tells the calls to come that there may be more modules; libc's dlopen(). */
void *loading(void)
{
	has_loaded = 1;
	if (self && self->live)
		self->loads = 1;
	return dlsym(RTLD_NEXT, "dlopen");
}

static uint32_t known_module(uint64_t base)
{
	uint32_t n = atomic_load(&arena->n_modules), image = arena->procs[self->proc].image;

	for (uint32_t i = n < ARENA_MODULES ? n : ARENA_MODULES; i-- > 0;)
		if (atomic_load_explicit(&arena->modules[i].state, memory_order_acquire) &&
			arena->modules[i].image == image && arena->modules[i].base == base)
			return i + 1;
	return 0;
}

void site_module(uint64_t site)
{
	const struct module *last = self->module_last ? &arena->modules[self->module_last - 1] : NULL;
	struct dl_find_object found;
	uint32_t known;

	if ((last && site >= last->start && site < last->end) || _dl_find_object((void *)site, &found))
		return;
	known = known_module(found.dlfo_link_map->l_addr);
	if (!known)
		known = module_add(arena->procs[self->proc].image, found.dlfo_link_map->l_addr,
			(uint64_t)found.dlfo_map_start, (uint64_t)found.dlfo_map_end, found.dlfo_link_map->l_name);
	self->module_last = known;
}

#else

void site_module(uint64_t site)
{
	(void)site;
}

#endif
