/* SPDX-License-Identifier: MIT */
/*
 * Where the real functions are. 186 calls of dlsym() would cost a third of a millisecond at every start of every
 * program, so libc's own hash table is asked directly; dlsym() is for what it does not answer.
 */
#include "faults/preload/inject.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

real_function real[CALL_BITS];

const uint8_t row_family[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) FAMILY_##family,
#include "faults/calls.def"
#undef CALL
};
const uint8_t row_shape[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) SH_##shape,
#include "faults/calls.def"
#undef CALL
};
const uint8_t row_restart[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) RESTART_##restart,
#include "faults/calls.def"
#undef CALL
};
const uint8_t row_result[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) RES_##result,
#include "faults/calls.def"
#undef CALL
};
const char *const row_plain[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) #plain,
#include "faults/calls.def"
#undef CALL
};
const char *const row_symbol[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) #symbol,
#include "faults/calls.def"
#undef CALL
};
const char *const row_errnos[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) errnos,
#include "faults/calls.def"
#undef CALL
};
const uint32_t n_rows = sizeof(row_family);

/* The parts of an ELF object that answer a look-up by name. */
struct symbols {
	const ElfW(Sym) *table;
	const char *names;
	const ElfW(Versym) *versions;
	const uint32_t *gnu_hash;
	ElfW(Addr) base;
};

static bool symbols_open(const struct link_map *map, struct symbols *s)
{
	memset(s, 0, sizeof(*s));
	s->base = map->l_addr;
	for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			s->table = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_STRTAB)
			s->names = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_VERSYM)
			s->versions = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_GNU_HASH)
			s->gnu_hash = (const void *)d->d_un.d_ptr;
	}
	return s->table && s->names && s->gnu_hash;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

#define VERSION_HIDDEN 0x8000	/* not the default version of the symbol */

static void *symbol_find(const struct symbols *s, const char *name)
{
	uint32_t n_buckets = s->gnu_hash[0], first = s->gnu_hash[1], n_bloom = s->gnu_hash[2];
	const ElfW(Addr) *bloom = (const void *)&s->gnu_hash[4];
	const uint32_t *buckets = (const void *)&bloom[n_bloom], *chain = &buckets[n_buckets];
	uint32_t hash = gnu_hash(name), i = buckets[hash % n_buckets];

	if (i < first)
		return NULL;
	for (;; i++) {
		uint32_t h = chain[i - first];
		const ElfW(Sym) *sym = &s->table[i];

		if ((h | 1) == (hash | 1) && strcmp(s->names + sym->st_name, name) == 0 && sym->st_shndx != SHN_UNDEF &&
			!(s->versions && s->versions[i] & VERSION_HIDDEN) &&
			ELF64_ST_TYPE(sym->st_info) != STT_GNU_IFUNC)
			return (void *)(s->base + sym->st_value);
		if (h & 1)
			return NULL;
	}
}

static bool libc_open(struct symbols *out)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (map->l_name && strstr(map->l_name, "/libc.so.") && symbols_open(map, out))
			return true;
	return false;
}

/* ThreadSanitizer has to see the locks, or it takes all that they guard for a race. */
static bool tsan_there(void)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (map->l_name && strstr(map->l_name, "/libtsan.so."))
			return true;
	return false;
}

void real_init(void)
{
	struct symbols libc;
	bool have = libc_open(&libc), tsan = tsan_there();

	masks_init();
	for (uint32_t row = 0; row < n_rows; row++) {
		bool direct = have && !(tsan && row_family[row] == FAMILY_LOCK);
		void *f = direct ? symbol_find(&libc, row_symbol[row]) : NULL;

		if (!f)
			f = dlsym(RTLD_NEXT, row_symbol[row]);
		real[row] = (real_function)f;
	}
}

void *real_symbol(const char *name)
{
	struct symbols libc;
	void *f = libc_open(&libc) ? symbol_find(&libc, name) : NULL;

	return f ? f : dlsym(RTLD_NEXT, name);
}
