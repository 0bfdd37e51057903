/* SPDX-License-Identifier: MIT */
/*
 * How wrappers return. Where a system call makes the processor forget the calls that it is in (processor.h of the
 * harness), `ret` is mispredicted, 10 to 15 ns for each recorded call, and a jump to the return address is not.
 * Elsewhere it is the other way round.
 */
#include "faults/preload/inject.h"

#ifdef WRAPPER_RETURNS
/* The compiler ends wrappers with a jump to here. RCX belongs to nobody at a return. */
__asm__(".text\n"
	".globl __x86_return_thunk\n"
	".hidden __x86_return_thunk\n"
	".type __x86_return_thunk, @function\n"
	"__x86_return_thunk:\n"
	"	cmpb $0, returns_forgotten(%rip)\n"
	"	je 1f\n"
	"	pop %rcx\n"
	"	jmp *%rcx\n"
	"1:	ret\n"
	".size __x86_return_thunk, . - __x86_return_thunk\n");
#endif

uint8_t returns_forgotten;
