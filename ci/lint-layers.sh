#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may include whom:
#   base <- sys <- history <- model <- { load, run, check, report, faults } <- explore <- cli
# Reference implementations are ordinary programs: they see base, the public header and their own tables only.
set -eu
cd "$(dirname "$0")/.."

find core faults -name '*.[ch]' | LC_ALL=C sort | xargs awk '
function layer_of(path,    part)
{
	split(path, part, "/")
	return part[1] == "core" ? part[2] : part[1]
}
function complain(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}
BEGIN {
	lower = "base sys history model"
	may["base"] = "base"
	may["sys"] = "base sys"
	may["history"] = "base sys history"
	may["model"] = lower
	may["load"] = lower " load"
	may["run"] = lower " run"
	may["check"] = lower " check"
	may["report"] = lower " report"
	may["faults"] = lower " faults"
	may["explore"] = lower " load run check report faults explore"
	may["cli"] = may["explore"] " cli"
	may["techniques"] = "base include techniques"
	may["include"] = "include"
}
FNR == 1 {
	mine = layer_of(FILENAME)
	if (!(mine in may))
		complain("core/" mine " is no layer of the design")
}
/^[ \t]*#[ \t]*include[ \t]*</ {
	if (/<libfyaml\.h>/ && mine != "load")
		complain("only core/load knows YAML")
	next
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	target = quoted[2]
	if (target !~ /^(core|faults)\//) {
		complain("includes are rooted: \"core/base/fd.h\", not \"" target "\"")
		next
	}
	if (target ~ /\.c$/)
		complain("nobody includes a .c file")
	theirs = layer_of(target)
	if (index(" " may[mine] " ", " " theirs " "))
		next
	# Tables are data: the model, and whoever prints them, may read the rows of any layer.
	if (target ~ /\.def$/ && index(" model load faults techniques ", " " mine " "))
		next
	if (mine == "techniques" && target == "core/model/technique.h")
		next
	complain(mine " may not include " target)
}
/[^_a-zA-Z0-9>.]syscall[ \t]*\(/ && mine !~ /^(sys|faults|techniques)$/ {
	complain("raw system calls belong to core/sys")
}
END { exit bad }
'
