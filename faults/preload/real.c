/* SPDX-License-Identifier: MIT */
/*
 * Where the real functions are. 186 calls of dlsym() would cost a third of a millisecond at every start of every
 * program, so libc's own hash table is asked directly; dlsym() is for what it does not answer.
 */
#include "faults/preload/inject.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
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
/* Names in one piece and offsets into it: pointers would have to be relocated at every start of every program. */
static const struct texts {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) \
	char symbol_of_##symbol[sizeof(#symbol)], plain_of_##symbol[sizeof(#plain)];
#include "faults/calls.def"
#undef CALL
} texts = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) #symbol, #plain,
#include "faults/calls.def"
#undef CALL
};
static const uint16_t symbol_at[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) \
	offsetof(struct texts, symbol_of_##symbol),
#include "faults/calls.def"
#undef CALL
};
static const uint16_t plain_at[] = {
#define CALL(symbol, plain, arguments, result, shape, family, restart, errnos) \
	offsetof(struct texts, plain_of_##symbol),
#include "faults/calls.def"
#undef CALL
};
static_assert(sizeof(struct texts) <= UINT16_MAX, "an offset fits");
const uint32_t n_rows = sizeof(row_family);

static const char *row_symbol(uint32_t row)
{
	return (const char *)&texts + symbol_at[row];
}

const char *row_plain(uint32_t row)
{
	return (const char *)&texts + plain_at[row];
}

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

enum { HEADER_ALIGN = 4096, LIBRARY_MOST = 1 << 26 };

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

/* The build id of libc, in the page that ld.so has read anyway. */
static bool library_id(const struct symbols *s, unsigned char id[ARENA_LIBRARY_ID])
{
	const ElfW(Ehdr) *eh = (const void *)s->base;
	const ElfW(Phdr) *ph;

	/* Its header is where it begins, unless it was linked to lie elsewhere. */
	if (!s->base || s->base % HEADER_ALIGN || (uint64_t)s->table - s->base > LIBRARY_MOST)
		return false;
	ph = (const void *)(s->base + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++) {
		const char *at = (const char *)s->base + ph[i].p_vaddr, *end = at + ph[i].p_memsz;
		const ElfW(Nhdr) *note;

		for (; ph[i].p_type == PT_NOTE && at + sizeof(*note) <= end;) {
			const char *name = at + sizeof(*note), *text;

			note = (const void *)at;
			text = name + ((note->n_namesz + 3) & ~3u);
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
				note->n_descsz == ARENA_LIBRARY_ID) {
				memcpy(id, text, ARENA_LIBRARY_ID);
				return true;
			}
			at = text + ((note->n_descsz + 3) & ~3u);
		}
	}
	return false;
}

static uint32_t offset_find(const struct symbols *libc, uint32_t row)
{
	uint64_t at = (uint64_t)symbol_find(libc, row_symbol(row));

	return at > libc->base && at - libc->base <= UINT32_MAX ? (uint32_t)(at - libc->base) : 0;
}

static void cache_fill(const struct symbols *libc, const unsigned char id[ARENA_LIBRARY_ID])
{
	struct symbol_cache *cache = &arena->symbols;
	uint32_t empty = 0;

	if (!atomic_compare_exchange_strong(&cache->state, &empty, 1))
		return;
	memcpy(cache->id, id, ARENA_LIBRARY_ID);
	for (uint32_t row = 0; row < n_rows; row++)
		cache->offset[row] = offset_find(libc, row);
	atomic_store_explicit(&cache->state, 2, memory_order_release);
}

/* What earlier programs of this arena have found in the same libc. */
static const uint32_t *cache_look(const struct symbols *libc)
{
	unsigned char id[ARENA_LIBRARY_ID];

	static_assert((int)ARENA_SYMBOLS >= (int)CALL_BITS, "every row has its place");
	if (!arena || !library_id(libc, id))
		return NULL;
	if (atomic_load_explicit(&arena->symbols.state, memory_order_acquire) == 0)
		cache_fill(libc, id);
	if (atomic_load_explicit(&arena->symbols.state, memory_order_acquire) != 2 ||
		memcmp(arena->symbols.id, id, ARENA_LIBRARY_ID) != 0)
		return NULL;
	return arena->symbols.offset;
}

void real_init(void)
{
	struct symbols libc;
	bool have = libc_open(&libc), tsan = tsan_there();
	const uint32_t *known = have ? cache_look(&libc) : NULL;

	masks_init();
	for (uint32_t row = 0; row < n_rows; row++) {
		bool direct = have && !(tsan && row_family[row] == FAMILY_LOCK);
		void *f = NULL;

		if (direct && known)
			f = known[row] ? (void *)(libc.base + known[row]) : NULL;
		else if (direct)
			f = symbol_find(&libc, row_symbol(row));
		if (!f)
			f = dlsym(RTLD_NEXT, row_symbol(row));
		real[row] = (real_function)f;
	}
}

void *real_symbol(const char *name)
{
	struct symbols libc;
	void *f = libc_open(&libc) ? symbol_find(&libc, name) : NULL;

	return f ? f : dlsym(RTLD_NEXT, name);
}
