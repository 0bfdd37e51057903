#!/bin/sh
# SPDX-License-Identifier: MIT
# Every script through shellcheck, where it is installed.
set -eu
cd "$(dirname "$0")/.."
command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
{ find ci -type f; echo .ci/run; } | while read -r file; do
	head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh\b' && echo "$file"
done | xargs shellcheck -S warning
