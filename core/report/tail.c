/* SPDX-License-Identifier: MIT */
#include "core/report/tail.h"

#include <dwarf.h>
#include <gelf.h>
#include <string.h>

#include "core/base/str.h"
#include "core/report/scopes.h"
#include "core/base/banned.h"

enum { JUMPS_MOST = 8, CALL_BYTES = 5, SHORT_BYTES = 2, OPCODE_CALL = 0xe8, OPCODE_JUMP = 0xe9,
	OPCODE_SHORT = 0xeb };

struct search {
	Dwfl_Module *module;
	const char *call;
	struct tail *found;
	int depth;
};

/* The section of code that address is in; false: none, or one of stubs that lead to other modules. */
static bool own_code(Dwfl_Module *module, uint64_t address, Elf_Scn **out, GElf_Shdr *shdr)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(module, &bias);
	Elf_Scn *section = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names))
		return false;
	while ((section = elf_nextscn(elf, section))) {
		const char *name;

		if (!gelf_getshdr(section, shdr) || !(shdr->sh_flags & SHF_EXECINSTR) ||
			address - shdr->sh_addr >= shdr->sh_size)
			continue;
		name = elf_strptr(elf, names, shdr->sh_name);
		*out = section;
		return name && strncmp(name, ".plt", 4) != 0;
	}
	return false;
}

/* The n bytes of code before address. */
static bool code_before(Dwfl_Module *module, uint64_t address, size_t n, unsigned char *out)
{
	GElf_Shdr shdr;
	Elf_Scn *section;
	Elf_Data *data;

	if (address < n || !own_code(module, address - n, &section, &shdr) ||
		!(data = elf_rawdata(section, NULL)) || address - shdr.sh_addr > data->d_size)
		return false;
	memcpy(out, (const unsigned char *)data->d_buf + (address - n - shdr.sh_addr), n);
	return true;
}

/* Where in this module the direct call or jump leads that ends at address; 0: elsewhere, or it is none. */
static uint64_t target_of(Dwfl_Module *module, uint64_t address, unsigned char opcode)
{
	unsigned char code[CALL_BYTES];
	uint64_t target = 0;
	int32_t far;
	GElf_Shdr shdr;
	Elf_Scn *section;

	if (!code_before(module, address, sizeof(code), code))
		return 0;
	memcpy(&far, code + 1, sizeof(far));
	if (code[0] == opcode)
		target = address + (uint64_t)(int64_t)far;
	else if (opcode == OPCODE_JUMP && code[CALL_BYTES - SHORT_BYTES] == OPCODE_SHORT)
		target = address + (uint64_t)(int64_t)(int8_t)code[CALL_BYTES - 1];
	return target && own_code(module, target, &section, &shdr) ? target : 0;
}

/* Behind the jump; compilers tell of its end or of its beginning. */
static uint64_t jump_end(Dwarf_Die *site)
{
	Dwarf_Attribute attribute;
	Dwarf_Addr at;

	if (dwarf_formaddr(dwarf_attr(site, DW_AT_call_return_pc, &attribute), &at) == 0 ||
		dwarf_formaddr(dwarf_attr(site, DW_AT_low_pc, &attribute), &at) == 0)
		return at;
	return dwarf_formaddr(dwarf_attr(site, DW_AT_call_pc, &attribute), &at) == 0 ? at + CALL_BYTES : 0;
}

static bool is_tail(Dwarf_Die *site)
{
	Dwarf_Attribute attribute;
	bool yes = false;

	return dwarf_formflag(dwarf_attr(site, DW_AT_call_tail_call, &attribute), &yes) == 0
		? yes : dwarf_formflag(dwarf_attr(site, DW_AT_GNU_tail_call, &attribute), &yes) == 0 && yes;
}

/* Does the jump lead to the function of libc? A fortified header gives that a name of its own, and says so. */
static bool leads_to(Dwarf_Die *site, const char *call)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin;
	const char *name;

	if (!dwarf_formref_die(dwarf_attr(site, DW_AT_call_origin, &attribute), &origin) &&
		!dwarf_formref_die(dwarf_attr(site, DW_AT_abstract_origin, &attribute), &origin))
		return false;
	name = dwarf_formstring(dwarf_attr_integrate(&origin, DW_AT_linkage_name, &attribute));
	name = name ? name : dwarf_diename(&origin);
	return name && strcmp(name, call) == 0;
}

static void place_add(struct tail *t, uint64_t at)
{
	for (size_t i = 0; i < t->n_places; i++)
		if (t->places[i] == at)
			return;
	if (t->n_places < TAIL_PLACES)
		t->places[t->n_places++] = at;
}

static void function_search(struct search *s, uint64_t address);

/* All tail calls below this entry, those in what was inlined too. */
static void entry_search(struct search *s, Dwarf_Die *entry, Dwarf_Addr bias)
{
	Dwarf_Die child;

	if (dwarf_child(entry, &child) != 0)
		return;
	do {
		int tag = dwarf_tag(&child);
		uint64_t at, target;

		if (tag != DW_TAG_call_site && tag != DW_TAG_GNU_call_site) {
			entry_search(s, &child, bias);
			continue;
		}
		if (!is_tail(&child) || !(at = jump_end(&child)))
			continue;
		at += bias;
		target = target_of(s->module, at, OPCODE_JUMP);
		if (leads_to(&child, s->call))
			place_add(s->found, at);
		else if (target)
			function_search(s, target);
	} while (dwarf_siblingof(&child, &child) == 0);
}

static void function_search(struct search *s, uint64_t address)
{
	Dwarf_Die scopes[SCOPES_MOST], *unit;
	Dwarf_Addr bias = 0;

	if (s->depth == JUMPS_MOST)
		return;
	s->depth++;
	unit = unit_find(s->module, address, &bias);
	if (unit && scopes_find(unit, address - bias, scopes) > 0)
		entry_search(s, &scopes[0], bias);
	s->depth--;
}

bool tail_find(Dwfl_Module *module, uint64_t offset, const char *call, struct tail *out)
{
	uint64_t target = target_of(module, offset, OPCODE_CALL);
	struct search s = { .module = module, .call = call, .found = out };
	const char *name;

	if (!target)
		return false;
	*out = (struct tail){ .n_places = 0 };
	function_search(&s, target);
	name = dwfl_module_addrname(module, target);
	text_copy(out->function, sizeof(out->function), name ? name : "");
	return true;
}

/* Neither by its address nor through the table that the loader fills in. */
bool is_called_by_pointer(Dwfl_Module *module, uint64_t offset)
{
	static const unsigned char by_table[] = { 0xff, 0x15 };
	unsigned char code[sizeof(by_table) + sizeof(int32_t)];
	int32_t far;
	GElf_Shdr shdr;
	Elf_Scn *section = NULL;

	if (!code_before(module, offset, sizeof(code), code) || memcmp(code, by_table, sizeof(by_table)) == 0)
		return false;
	memcpy(&far, code + sizeof(by_table), sizeof(far));
	own_code(module, offset + (uint64_t)(int64_t)far, &section, &shdr);
	return code[sizeof(code) - CALL_BYTES] != OPCODE_CALL || !section;
}
