/* SPDX-License-Identifier: MIT */
/*
 * stdio does not call read() and write() through the PLT: fgets on a socket would be invisible. But it reaches them
 * through a table of functions, one for all files, that libc exports (_IO_file_jumps, and the one for wide
 * characters). Its read and write entries are replaced, if they are what they are known to be; a libc that is built
 * differently is left alone.
 */
#include "faults/preload/inject.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

enum { SLOT_READ = 14, SLOT_WRITE = 15, PAGE = 4096, FRAMES_MOST = 24 };

typedef ssize_t stdio_read(FILE *, void *, ssize_t);
typedef ssize_t stdio_write(FILE *, const void *, ssize_t);

static stdio_read *libc_read;
static stdio_write *libc_write;
static uint64_t libc_start, libc_end;

/* The code that called stdio: the first frame that is neither ours nor libc's. */
struct search {
	uint64_t found;
	int n;
};

static _Unwind_Reason_Code search_step(struct _Unwind_Context *context, void *data)
{
	struct search *s = data;
	uint64_t address = (uint64_t)_Unwind_GetIP(context);

	/* Our own frames come before libc's; `n` counts from the first one in libc. */
	if ((address >= libc_start && address < libc_end) || (s->n && is_masked(address)))
		s->n++;
	else if (s->n) {
		s->found = address;
		return _URC_END_OF_STACK;
	}
	return s->n > FRAMES_MOST ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uint64_t caller_of_stdio(void)
{
	struct search s = { 0 };

	_Unwind_Backtrace(search_step, &s);
	return s.found;
}

static ssize_t wrap_stdio_read(FILE *f, void *buffer, ssize_t n)
{
	int fd = fileno_unlocked(f);

	if (!self || !self->live || !object_of_fd(fd))
		return libc_read(f, buffer, n);
	return recorded_read(fd, buffer, (size_t)n, caller_of_stdio());
}

/* As libc's own does: everything, or until an error. */
static ssize_t wrap_stdio_write(FILE *f, const void *buffer, ssize_t n)
{
	int fd = fileno_unlocked(f);
	const char *from = buffer;
	ssize_t left = n;
	uint64_t site;

	if (!self || !self->live || !object_of_fd(fd) ||
		(atomic_load(&object_at(object_of_fd(fd))->flags) & OBF_STANDARD))
		return libc_write(f, buffer, n);
	site = caller_of_stdio();
	while (left > 0) {
		ssize_t done = recorded_write(fd, from, (size_t)left, site);

		if (done < 0) {
			f->_flags |= 0x20; /* _IO_ERR_SEEN */
			break;
		}
		left -= done;
		from += done;
	}
	return n - left;
}

static bool pages_writable(uint64_t from, uint64_t to, bool writable)
{
	from &= ~(uint64_t)(PAGE - 1);
	return syscall(SYS_mprotect, from, to - from, writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0;
}

/* A table of the known kind, or NULL. */
static void **table_find(const char *name)
{
	void **table = real_symbol(name);

	return table && table[SLOT_READ] == (void *)libc_read && table[SLOT_WRITE] == (void *)libc_write ? table : NULL;
}

/* Tables whose pages are opened, written to and closed together. */
static void tables_patch(void **const tables[], int n)
{
	uint64_t from = UINT64_MAX, to = 0;

	for (int i = 0; i < n; i++) {
		uint64_t first = (uint64_t)&tables[i][SLOT_READ], end = (uint64_t)&tables[i][SLOT_WRITE + 1];

		from = first < from ? first : from;
		to = end > to ? end : to;
	}
	if (!pages_writable(from, to, true))
		return;
	for (int i = 0; i < n; i++) {
		tables[i][SLOT_READ] = (void *)wrap_stdio_read;
		tables[i][SLOT_WRITE] = (void *)wrap_stdio_write;
	}
	pages_writable(from, to, false);
}

void stdio_init(uint64_t code_start, uint64_t code_end)
{
	void **tables[2];

	libc_start = code_start;
	libc_end = code_end;
	*(void **)&libc_read = real_symbol("_IO_file_read");
	*(void **)&libc_write = real_symbol("_IO_file_write");
	if (!libc_read || !libc_write || !code_end)
		return;
	tables[0] = table_find("_IO_file_jumps");
	tables[1] = table_find("_IO_wfile_jumps");
	/* Side by side as a rule; where they are not, what lies between them is not ours to open. */
	if (tables[0] && tables[1] && labs((long)tables[1] - (long)tables[0]) < PAGE) {
		tables_patch(tables, 2);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (tables[i])
			tables_patch(&tables[i], 1);
}
