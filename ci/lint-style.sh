#!/bin/sh
# SPDX-License-Identifier: MIT
# The measurable part of the style: tabs, no trailing blanks, at most 120 columns (a row of a table is one line,
# however long), an SPDX line, functions of at most 80 lines (from "{" to "}" in the first column), files of at most
# 600.
set -eu
cd "$(dirname "$0")/.."

find core faults tests ci -name '*.[ch]' -o -name '*.def' | LC_ALL=C sort | LC_ALL=C xargs awk '
function complain(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}
function columns(line,    i, n, part)
{
	gsub(/[\200-\277]/, "", line)
	n = split(line, part, "\t")
	width = 0
	for (i = 1; i < n; i++)
		width = int((width + length(part[i])) / 8 + 1) * 8
	return width + length(part[n])
}
FNR == 1 {
	inside = 0
	if ($0 !~ /^\/\* SPDX-License-Identifier: MIT \*\//)
		complain("the first line is /* SPDX-License-Identifier: MIT */")
}
FNR == 601 { complain("more than 600 lines: split the file") }
/[ \t]$/ { complain("blank at the end of the line") }
/\r/ { complain("carriage return") }
/^        / { complain("indent with tabs") }
FILENAME !~ /\.def$/ && columns($0) > 120 { complain("wider than 120 columns") }
/^\{/ { begun = FNR; inside = 1 }
/^\}/ {
	if (inside && FNR - begun - 1 > 80)
		complain("a function of " FNR - begun - 1 " lines (at most 80)")
	inside = 0
}
END { exit bad }
'
