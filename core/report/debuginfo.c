/* SPDX-License-Identifier: MIT */
#include "core/report/debuginfo.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/report/scopes.h"
#include "core/report/tail.h"
#include "core/base/banned.h"

struct debuginfo {
	Dwfl *dwfl;
	Dwfl_Module *module;
	bool program;
};

/* Debug files by build id only: the standard finder would ask servers on the network. */
static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_build_id_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* A program is ET_EXEC, or position-independent and says so; a library may have an interpreter too, as libc has. */
static bool elf_is_program(Elf *elf)
{
	GElf_Ehdr header;
	Elf_Scn *section = NULL;

	if (!elf || !gelf_getehdr(elf, &header))
		return false;
	if (header.e_type == ET_EXEC)
		return true;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		Elf_Data *data;
		GElf_Dyn dyn;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_DYNAMIC ||
			!(data = elf_getdata(section, NULL)))
			continue;
		for (int i = 0; gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
			if (dyn.d_tag == DT_FLAGS_1)
				return dyn.d_un.d_val & DF_1_PIE;
	}
	return false;
}

struct debuginfo *debuginfo_new(const char *path)
{
	struct debuginfo *d = mem_new(sizeof(*d));
	GElf_Addr bias;

	d->dwfl = dwfl_begin(&callbacks);
	if (d->dwfl) {
		dwfl_report_begin(d->dwfl);
		/* Bias 0, so that addresses are those in the file. */
		d->module = dwfl_report_elf(d->dwfl, path, path, -1, 0, true);
		dwfl_report_end(d->dwfl, NULL, NULL);
	}
	if (!d->module)
		return debuginfo_free(d);
	d->program = elf_is_program(dwfl_module_getelf(d->module, &bias));
	return d;
}

struct debuginfo *debuginfo_free(struct debuginfo *d)
{
	if (d && d->dwfl)
		dwfl_end(d->dwfl);
	free(d);
	return NULL;
}

/* Headers whose inline wrappers (fortified read, recv …) are not the program's own code. */
static bool is_system_header(const char *file)
{
	return file && (!strncmp(file, "/usr/include/", 13) || !strncmp(file, "/usr/lib/gcc/", 13) ||
			       !strncmp(file, "/usr/lib/llvm", 13));
}

static void file_set(struct site *out, const char *file, const char *directory)
{
	const char *slash = strrchr(file, '/');
	size_t n = directory ? strlen(directory) : 0;

	if (file[0] != '/') {
		snprintf(
			out->path, sizeof(out->path), "%s%s%s", directory ? directory : "", directory ? "/" : "", file);
		text_copy(out->file, sizeof(out->file), !strncmp(file, "./", 2) ? file + 2 : file);
		return;
	}
	text_copy(out->path, sizeof(out->path), file);
	/* Below the directory of the compilation it is what was typed; elsewhere the name alone says more. */
	if (n && !strncmp(file, directory, n) && file[n] == '/')
		text_copy(out->file, sizeof(out->file), file + n + 1);
	else
		text_copy(out->file, sizeof(out->file), slash + 1);
}

/* The place in the source from which an inlined function was called. */
static bool call_place(Dwarf_Die *unit, Dwarf_Die *inlined, const char **file, int *line)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file_index, line_number;
	Dwarf_Files *sources;
	size_t n;

	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file_index) ||
		dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line_number) ||
		dwarf_getsrcfiles(unit, &sources, &n) || file_index >= n)
		return false;
	*file = dwarf_filesrc(sources, file_index, NULL, NULL);
	*line = (int)line_number;
	return *file != NULL;
}

static bool is_function(Dwarf_Die *scope)
{
	return dwarf_tag(scope) == DW_TAG_subprogram || dwarf_tag(scope) == DW_TAG_inlined_subroutine;
}

/* From scope `from` outwards, the places at which each inlined function was called. */
static void chain_find(Dwarf_Die *unit, Dwarf_Die *scopes, int from, struct site *out)
{
	size_t used = 0;

	for (int i = from; i >= 0 && dwarf_tag(&scopes[i]) != DW_TAG_subprogram; i--) {
		const char *file, *slash, *name = NULL;
		int line;

		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine || !call_place(unit, &scopes[i], &file, &line))
			continue;
		for (int k = i - 1; k >= 0 && !name; k--)
			if (is_function(&scopes[k]))
				name = dwarf_diename(&scopes[k]);
		slash = strrchr(file, '/');
		used += (size_t)snprintf(out->inlined_into + used, sizeof(out->inlined_into) - used, "%s%s:%d (%s)",
			used ? " < " : "", slash ? slash + 1 : file, line, name ? name : "?");
		if (used >= sizeof(out->inlined_into))
			return;
	}
}

/*
 * Name of the innermost function at address. While the line is in a system header, *file and *line become the place
 * from which that was inlined, and the function is the one around it.
 */
static const char *function_find(Dwarf_Die *unit, Dwarf_Addr address, const char **file, int *line, struct site *out)
{
	Dwarf_Die scopes[SCOPES_MOST];
	const char *name = NULL;

	for (int i = scopes_find(unit, address, scopes) - 1; i >= 0; i--) {
		if (!is_function(&scopes[i]))
			continue;
		name = dwarf_diename(&scopes[i]);
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram || !is_system_header(*file) ||
			!call_place(unit, &scopes[i], file, line)) {
			chain_find(unit, scopes, i, out);
			break;
		}
	}
	return name;
}

static bool line_find(struct debuginfo *d, uint64_t address, struct site *out)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = unit_find(d->module, address, &bias);
	Dwarf_Line *row = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
	const char *file = row ? dwarf_linesrc(row, NULL, NULL) : NULL, *function, *directory;
	Dwarf_Attribute attribute;
	int line = 0;

	if (!file || dwarf_lineno(row, &line) || line <= 0)
		return false;
	directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	function = function_find(unit, address - bias, &file, &line, out);
	file_set(out, file, directory);
	out->line = line;
	if (!function)
		function = dwfl_module_addrname(d->module, address);
	text_copy(out->function, sizeof(out->function), function ? function : "");
	return true;
}

static void place_find(struct debuginfo *d, uint64_t offset, struct site *out)
{
	GElf_Off into = 0;
	GElf_Sym symbol;
	const char *name;

	if (line_find(d, offset - 1, out))
		return;
	name = dwfl_module_addrinfo(d->module, offset - 1, &into, &symbol, NULL, NULL, NULL);
	/* The nearest symbol below is the function only if it reaches so far. */
	if (!name || (symbol.st_size && into >= symbol.st_size))
		return;
	text_copy(out->function, sizeof(out->function), name);
	out->into = into + 1;
}

/* The line of the jump that made the call, if all that may have are on one line. */
static void tail_line(struct debuginfo *d, const struct tail *tail, struct site *out)
{
	struct site first = *out;

	for (size_t i = 0; i < tail->n_places; i++) {
		struct site one = *out;

		if (!line_find(d, tail->places[i] - 1, &one))
			return;
		if (i && (one.line != first.line || strcmp(one.file, first.file) != 0))
			return;
		first = one;
	}
	*out = first;
}

/* Names the place of a tail call by its own line, or by its function alone, and where that was called from. */
static void tail_place(struct debuginfo *d, const struct tail *tail, struct site *out)
{
	struct site caller = *out;
	char place[SITE_TEXT];
	struct str chain = STR_NONE;

	site_print(&caller, place, sizeof(place));
	out->file[0] = out->path[0] = out->inlined_into[0] = '\0';
	out->line = 0;
	out->into = 0;
	out->tail = true;
	text_copy(out->function, sizeof(out->function), tail->function);
	tail_line(d, tail, out);
	str_addf(&chain, "%s%s%s%s%s", out->inlined_into, out->inlined_into[0] ? " < " : "", place,
		caller.inlined_into[0] ? " < " : "", caller.inlined_into);
	text_copy(out->inlined_into, sizeof(out->inlined_into), str_get(&chain));
	str_fini(&chain);
}

void debuginfo_find(struct debuginfo *d, uint64_t offset, const char *call, struct site *out)
{
	struct tail tail;

	out->program = d->program;
	place_find(d, offset, out);
	if (call && tail_find(d->module, offset, call, &tail))
		tail_place(d, &tail, out);
	else
		out->by_pointer = call && is_called_by_pointer(d->module, offset);
}
