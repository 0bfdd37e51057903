/* SPDX-License-Identifier: MIT */
/*
 * From the return address of a call to the line of source that made it, through libdw: debug information in the
 * program or beside it (build id), inlined functions, and when there is none the symbol table.
 *
 * What was found is remembered for the life of the process, by file and address, and forgotten when the file changes.
 * Any thread; not async-signal-safe. Never fails: a place that cannot be named is told as module+offset.
 */
#ifndef CORE_REPORT_SITE_H
#define CORE_REPORT_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/history/history.h"

enum { SITE_FILE = 128, SITE_NAME = 64, SITE_PATH = 256, SITE_TEXT = 128, SITE_CHAIN = 160 };

struct site {
	char file[SITE_FILE]; /* as the compiler was told, without directories if that was absolute; "" unknown */
	int line; /* 0: unknown */
	char function[SITE_NAME]; /* innermost, inlined ones included; "" unknown */
	uint64_t into; /* bytes into the function, when only the symbol table knows it */
	char module[SITE_NAME]; /* file name of the program or library; "" the address lies in none */
	uint64_t offset; /* of the return address from the module's load bias: the same in every run */
	bool program; /* the module is the program itself, not a library */
	char inlined_into[SITE_CHAIN]; /* "server.c:100 (serve) < …": where it was inlined, or called; "" nowhere */
	bool tail; /* the function ends in the call, by a jump: the line is that of the jump; 0: one of several */
	bool by_pointer; /* what was called there is not known: it may be a function that ends in the call */
	char path[SITE_PATH]; /* absolute source path when known, for reading the source; "" unknown */
};

/*
 * Fills *out for the return address of a call in the given image (struct history_proc.image). 0, or 1 if the address
 * is 0 or in no module of that image: then only out->offset is set, to the address. It is an address on the stack: what
 * a function calls last, by a jump, returns to that function's caller (site_of() knows better).
 */
int site_find(const struct history *h, uint32_t image, uint64_t address, struct site *out);
/* The same for the call of an event, in its own image. */
int site_of(const struct history *h, const struct history_event *he, struct site *out);
/*
 * The same as text: "server.c:57 (next_line)", "next_line+0x1f", "server+0x1234", with " in libx.so" when it is not
 * the program itself; "next_line, its last call, from server.c:100 (serve)" when it has several that may be it; with
 * ", by pointer" where it may be in what is called there; "" if site_of() gives 1. Always terminated.
 */
void site_text(const struct history *h, const struct history_event *he, char *out, size_t size);
/* A key that is the same for the same place in every run: "server.c:57", or "module+0x1234"; "" if unknown. */
void site_key(const struct site *site, char *out, size_t size);
/* The text of a site that was found. */
void site_print(const struct site *site, char *out, size_t size);
/* Forgets everything and closes all files. Nobody may be in a function of this header. */
void site_forget(void);

#endif
