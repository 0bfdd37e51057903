/* SPDX-License-Identifier: MIT */
/*
 * Sanitizers and valgrind's tools put functions of their own between a program and libc. Who calls from there calls for
 * the program: its place is the first frame behind them.
 */
#include "faults/preload/inject.h"

#include <link.h>
#include <string.h>
#include <unwind.h>

enum { MASKS = 8, FRAMES_MOST = 24 };

struct mask_span masked_span;

static struct range {
	uint64_t start, end;
} masks[MASKS];
static unsigned n_masks;

static int mask_note(struct dl_phdr_info *info, size_t size, void *data)
{
	static const char *const names[] = { "/libasan.so", "/libtsan.so", "/libubsan.so", "/liblsan.so",
					     "/libhwasan.so", "/libclang_rt.", "/vgpreload_" };
	bool is_mask = false;

	(void)size;
	(void)data;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		is_mask |= info->dlpi_name && strstr(info->dlpi_name, names[i]);
	for (int i = 0; is_mask && i < info->dlpi_phnum && n_masks < MASKS; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && p->p_flags & PF_X)
			masks[n_masks++] = (struct range){ info->dlpi_addr + p->p_vaddr,
							   info->dlpi_addr + p->p_vaddr + p->p_memsz };
	}
	return 0;
}

void masks_init(void)
{
	uint64_t low = UINT64_MAX, high = 0;

	n_masks = 0;
	dl_iterate_phdr(mask_note, NULL);
	for (unsigned i = 0; i < n_masks; i++) {
		low = masks[i].start < low ? masks[i].start : low;
		high = masks[i].end > high ? masks[i].end : high;
	}
	masked_span = n_masks ? (struct mask_span){ low, high - low } : (struct mask_span){ 0, 0 };
}

bool is_masked(uint64_t address)
{
	for (unsigned i = 0; i < n_masks; i++)
		if (address >= masks[i].start && address < masks[i].end)
			return true;
	return false;
}

struct search {
	uint64_t from, found;
	bool begun;
	int n;
};

static _Unwind_Reason_Code search_step(struct _Unwind_Context *context, void *data)
{
	struct search *s = data;
	uint64_t address = (uint64_t)_Unwind_GetIP(context);

	s->begun |= address == s->from;
	if (s->begun && !is_masked(address)) {
		s->found = address;
		return _URC_END_OF_STACK;
	}
	return ++s->n > FRAMES_MOST ? _URC_END_OF_STACK : _URC_NO_REASON;
}

uint64_t site_behind(uint64_t address)
{
	struct search s = { .from = address };

	if (!is_masked(address))
		return address;
	_Unwind_Backtrace(search_step, &s);
	return s.found ? s.found : address;
}
