#!/bin/sh
# SPDX-License-Identifier: MIT
# Every row of a table has its file with its descriptor, and every descriptor has its row.
set -eu
cd "$(dirname "$0")/.."
bad=0

complain()
{
	echo "$1"
	bad=1
}

# rows DEF MACRO: the first argument of each MACRO(...) row.
rows()
{
	sed -n "s/^$2(\\([A-Za-z0-9_]*\\).*/\\1/p" "$1"
}

# unique DEF MACRO
unique()
{
	twice=$(rows "$1" "$2" | LC_ALL=C sort | uniq -d)
	[ -z "$twice" ] || complain "$1: more than one row for: $(echo "$twice" | tr '\n' ' ')"
	[ -n "$(rows "$1" "$2")" ] || complain "$1: no row begins with $2("
}

# plugins DEF MACRO FOLDER KIND: row X means FOLDER/X.c with `const struct KIND KIND_X`.
plugins()
{
	[ -f "$1" ] || return 0
	unique "$1" "$2"
	for row in $(rows "$1" "$2"); do
		[ -f "$3/$row.c" ] || { complain "$1: $2($row) has no $3/$row.c"; continue; }
		grep -qE "^const struct $4 $4_$row\\b" "$3/$row.c" ||
			complain "$3/$row.c: does not define const struct $4 $4_$row"
		[ ! -f "$3/$row.h" ] || complain "$3/$row.h: a plug-in has no header"
	done
	for symbol in $(sed -n "s/^const struct $4 $4_\\([a-z0-9_]*\\)\\b.*/\\1/p" "$3"/*.c); do
		rows "$1" "$2" | grep -qx "$symbol" || complain "$3: $4_$symbol has no row in $1"
	done
}

plugins core/check/properties.def PROPERTY core/check property
plugins core/report/reporters.def REPORTER core/report reporter
plugins core/techniques/techniques.def TECHNIQUE core/techniques technique
plugins core/cli/commands.def COMMAND core/cli command

# A mistake is made somewhere, and a design offered by some technique.
unique core/techniques/mistakes.def MISTAKE
for row in $(rows core/techniques/mistakes.def MISTAKE); do
	grep -qE "mistake[a-z_]*\\($row\\)|\\bMISTAKE_$row\\b" core/techniques/*.c ||
		complain "core/techniques/mistakes.def: nothing in core/techniques makes $row"
done
unique core/techniques/designs.def DESIGN
for name in $(sed -n 's/^DESIGN([A-Z_]*, "\([a-z-]*\)".*/\1/p' core/techniques/designs.def); do
	grep -qE "\"([a-z -]* )?$name( [a-z -]*)?\"" core/techniques/techniques.def ||
		complain "core/techniques/designs.def: no technique offers $name"
done

unique faults/calls.def CALL
unique faults/faults.def FAULT
n=$(rows faults/calls.def CALL | wc -l)
[ "$n" -lt 256 ] || complain "faults/calls.def: $n rows, struct call_set has room for 255"
for row in $(rows faults/faults.def FAULT); do
	grep -qsE "^const struct action_code act_$row\\b" "faults/preload/act_$row.c" ||
		complain "faults/faults.def: faults/preload/act_$row.c does not define const struct action_code act_$row"
done
for file in faults/preload/act_*.c; do
	row=${file#faults/preload/act_}
	rows faults/faults.def FAULT | grep -qx "${row%.c}" || complain "$file: has no row in faults/faults.def"
done
exit $bad
