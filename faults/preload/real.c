/* SPDX-License-Identifier: MIT */
/*
 * Where the real functions are. A dlsym() for each row would cost a third of a millisecond at every start of every
 * program, so libc's own hash table is asked directly, and only when a function is first called: that takes no lock.
 * dlsym() takes one, so what libc does not answer is looked up at the start.
 */
#include "faults/preload/inject.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#include "faults/preload/environ.h"
#include "faults/preload/rows.h"

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

		if ((h | 1) == (hash | 1) && text_same(s->names + sym->st_name, name) && sym->st_shndx != SHN_UNDEF &&
			!(s->versions && s->versions[i] & VERSION_HIDDEN) &&
			ELF64_ST_TYPE(sym->st_info) != STT_GNU_IFUNC)
			return (void *)(s->base + sym->st_value);
		if (h & 1)
			return NULL;
	}
}

/* Where libc's symbols are; of a libc that is not found, each is asked for by dlsym(). */
static struct symbols libc_table;
static bool tsan_there;
static _Atomic bool looked;

/*
 * Whoever comes first may be a signal handler or one of two threads: all find the same, so it does no harm that two of
 * them look. ThreadSanitizer has to see the locks, or it takes all that they guard for a race, and every thread.
 */
static const struct symbols *libc(void)
{
	if (!atomic_load_explicit(&looked, memory_order_acquire)) {
		for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next) {
			struct symbols found;

			if (map->l_name && strstr(map->l_name, "/libc.so.") && symbols_open(map, &found))
				libc_table = found;
			else if (map->l_name && strstr(map->l_name, "/libtsan.so."))
				tsan_there = true;
		}
		atomic_store_explicit(&looked, true, memory_order_release);
	}
	return libc_table.table ? &libc_table : NULL;
}

void *real_symbol(const char *name)
{
	const struct symbols *s = libc();
	void *f = s ? symbol_find(s, name) : NULL;

	return f ? f : dlsym(RTLD_NEXT, name);
}

static bool tsan_sees(uint32_t row)
{
	return row_family[row] == FAMILY_LOCK || row == ROW_pthread_create;
}

real_function real_find(uint32_t row)
{
	bool next = libc() && tsan_there && tsan_sees(row);
	void *f = next ? dlsym(RTLD_NEXT, row_symbol(row)) : real_symbol(row_symbol(row));

	real[row] = (real_function)f;
	return real[row];
}

/* The latest that libc got of all rows (glibc 2.36): where it is, they all are. */
#define LATEST_ROW "pidfd_send_signal"

void real_init(bool all)
{
	const struct symbols *s = libc();
	bool lacks = !s || !symbol_find(s, LATEST_ROW);

	masks_init();
	for (uint32_t row = 0; (all || lacks || tsan_there) && row < n_rows; row++)
		if (!real[row] && (all || lacks || tsan_sees(row)))
			real_find(row);
}
