/* SPDX-License-Identifier: MIT */
/* What the processor and the kernel's guards for it make dear. */
#ifndef CORE_SYS_PROCESSOR_H
#define CORE_SYS_PROCESSOR_H

#include <stdbool.h>

/*
 * Does the kernel's guard against speculation (Safe RET) make the processor forget, at each system call, where the
 * functions that it is in return to? Each return then costs a misprediction. Asks sysfs each time; false if not known.
 */
bool processor_forgets_returns(void);
/* The same of the text of the kernel's file spec_rstack_overflow. Pure. */
bool processor_text_forgets_returns(const char *text);

#endif
