#!/bin/sh
# SPDX-License-Identifier: MIT
# Words that have no place here: unbounded string functions, sleeping to order things, paths of somebody's machine,
# notes to oneself. Every .c file of the harness includes core/base/banned.h, which makes the compiler refuse the calls.
set -eu
cd "$(dirname "$0")/.."
bad=0

# refuse PATTERN REASON FILE...: FILEs with a line that matches are named, with the line.
refuse()
{
	pattern=$1 reason=$2
	shift 2
	if hits=$(grep -nEI "$pattern" "$@" /dev/null); then
		echo "$hits" | sed "s|\$|    <- $reason|"
		bad=1
	fi
}

sources=$(find core tests/unit tests/conform tests/mutants tests/e2e tests/fuzz tests/bench tests/support tests/programs \
	-name '*.[ch]' ! -name banned.h 2>/dev/null || true)
texts=$(find core faults scenarios tests ci -type f ! -name lint-words.sh; ls README.md CMakeLists.txt CMakePresets.json 2>/dev/null || true)

scripts=$(find ci -type f)
harness=$(find core -name '*.c')

# shellcheck disable=SC2086 # no path of ours has a blank
{
	refuse '(^|[^_a-zA-Z0-9"/.-])(sprintf|vsprintf|strcpy|strcat|strncpy|strncat|gets|strtok|atoi|atol|mktemp|tmpnam)[ ]?\(' \
		'banned (core/base/banned.h)' $sources
	refuse '(^|[^_a-zA-Z0-9"/.-])u?sleep[ ]?\(' 'wait for an event with a deadline' $sources
	refuse '(^|[^a-zA-Z/])(/work/|/home/[a-z]|/root/|/tmp/b-)' 'a path of one machine' $texts
	refuse '(^|[^a-zA-Z_])(TODO|FIXME|XXX)([^a-zA-Z_]|$)' 'do it, or leave it out' $texts
	refuse '^[[:space:]]*sleep [0-9]' 'wait for an event with a deadline' $scripts
}

for file in $harness; do
	if ! grep -q '^#include "core/base/banned.h"' "$file"; then
		echo "$file: does not include core/base/banned.h"
		bad=1
	elif sed '1,/^#include "core\/base\/banned.h"/d' "$file" | grep -q '^#include <'; then
		echo "$file: core/base/banned.h comes after all system headers"
		bad=1
	fi
done
exit $bad
