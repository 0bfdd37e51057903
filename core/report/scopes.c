/* SPDX-License-Identifier: MIT */
#include "core/report/scopes.h"

#include <dwarf.h>

#include "core/base/banned.h"

Dwarf_Die *unit_find(Dwfl_Module *module, uint64_t address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

	if (unit)
		return unit;
	/* Not every compiler writes .debug_aranges: then each unit is asked. */
	while ((unit = dwfl_module_nextcu(module, unit, bias)))
		if (dwarf_haspc(unit, address - *bias) > 0)
			break;
	return unit;
}

/* Has no code of its own, but functions in it. */
static bool is_around_functions(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type;
}

static int below(Dwarf_Die *parent, Dwarf_Addr address, Dwarf_Die *out, int n)
{
	Dwarf_Die child;

	if (n == SCOPES_MOST || dwarf_child(parent, &child) != 0)
		return n;
	do {
		int found;

		if (is_around_functions(&child)) {
			found = below(&child, address, out, n);
			if (found > n)
				return found;
		} else if (dwarf_haspc(&child, address) > 0) {
			out[n] = child;
			return below(&child, address, out, n + 1);
		}
	} while (dwarf_siblingof(&child, &child) == 0);
	return n;
}

int scopes_find(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die *out)
{
	return below(unit, address, out, 0);
}
