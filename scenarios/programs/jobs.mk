# SPDX-License-Identifier: MIT
above:
	+@$(MAKE) -s -f jobs.mk below
below: one two three four
	@echo done
one two three four:
	@true
