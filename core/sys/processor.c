/* SPDX-License-Identifier: MIT */
#include "core/sys/processor.h"

#include <string.h>

#include "core/sys/proc.h"
#include "core/base/banned.h"

#define GUARD_FILE "/sys/devices/system/cpu/vulnerabilities/spec_rstack_overflow"

/* With or without its microcode: "Mitigation: Safe RET", "Vulnerable: Safe RET, no microcode". */
bool processor_text_forgets_returns(const char *text)
{
	return strstr(text, ": Safe RET") != NULL;
}

bool processor_forgets_returns(void)
{
	char text[128];

	return proc_read(GUARD_FILE, text, sizeof(text)) > 0 && processor_text_forgets_returns(text);
}
