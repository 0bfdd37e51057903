/* SPDX-License-Identifier: MIT */
/*
 * syscall(2), the libc function: who moves bytes by it talks to others as well. A number that is one of our calls, with
 * the same arguments, is recorded and struck as that call; the real one is then made by number, so that it is what the
 * program asked for (no cancellation point). Every other number, and the injector's own, go to the kernel as they are:
 * with no frame of ours around them, since a new thread or a vfork may come back from them.
 */
#include "faults/preload/inject.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faults/preload/rows.h"

#if defined(__x86_64__)

enum { NUMBERS = 448, KERNEL_ERRORS = 4095 };

/* Row + 1. Those whose arguments libc has in another order, or of another form, are not here. */
__attribute__((used)) static const uint8_t raw_rows[NUMBERS] __asm__("raw_rows") = {
#define SAME(name) [SYS_##name] = ROW_##name + 1
	SAME(read), SAME(write), SAME(readv), SAME(writev), SAME(pread64), SAME(pwrite64),
	SAME(recvfrom), SAME(recvmsg), SAME(recvmmsg), SAME(sendto), SAME(sendmsg), SAME(sendmmsg),
	SAME(mq_timedreceive), SAME(mq_timedsend), SAME(msgrcv), SAME(msgsnd),
	SAME(sendfile), SAME(splice), SAME(tee), SAME(vmsplice),
	SAME(accept), SAME(accept4), SAME(connect), SAME(bind), SAME(listen), SAME(shutdown),
	SAME(poll), SAME(ppoll), SAME(select), SAME(epoll_wait), SAME(epoll_pwait), SAME(epoll_ctl),
	SAME(socket), SAME(socketpair), SAME(pipe), SAME(pipe2), SAME(open), SAME(openat), SAME(creat),
	SAME(memfd_create), SAME(timerfd_create), SAME(epoll_create), SAME(epoll_create1), SAME(dup), SAME(dup2),
	SAME(dup3), SAME(fcntl), SAME(close), SAME(close_range), SAME(msgget), SAME(semget), SAME(shmget), SAME(msgctl),
	SAME(semctl), SAME(shmctl), SAME(shmat), SAME(shmdt), SAME(semop), SAME(semtimedop), SAME(flock), SAME(futex),
	SAME(kill), SAME(tgkill), SAME(pause), SAME(nanosleep), SAME(wait4), SAME(setsockopt),
	SAME(prctl),
	[SYS_eventfd2] = ROW_eventfd + 1,
	[SYS_seccomp] = ROW_prctl + 1,	/* for what it has in common: a filter as the third argument */
#undef SAME
};
static_assert(NUMBERS == 448 && KERNEL_ERRORS == 4095, "as below");

__asm__(".text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	cmp $448, %rdi\n"
	"	jae 1f\n"
	"	lea raw_rows(%rip), %rax\n"
	"	cmpb $0, (%rax, %rdi)\n"
	"	jne raw_ours\n"
	"1:	mov %rdi, %rax\n"
	"	mov %rsi, %rdi\n"
	"	mov %rdx, %rsi\n"
	"	mov %rcx, %rdx\n"
	"	mov %r8, %r10\n"
	"	mov %r9, %r8\n"
	"	mov 8(%rsp), %r9\n"
	"	syscall\n"
	"	cmp $-4095, %rax\n"
	"	jae 2f\n"
	"	ret\n"
	"2:	mov %rax, %rdi\n"
	"	jmp raw_result\n"
	".size syscall, . - syscall\n");

long raw_result(long kernel) FROM_ASSEMBLER(raw_result);
long raw_ours(long number, long a0, long a1, long a2, long a3, long a4, long a5) FROM_ASSEMBLER(raw_ours);

/* The kernel's answer as libc gives it. */
long raw_result(long kernel)
{
	if ((unsigned long)kernel < (unsigned long)-KERNEL_ERRORS)
		return kernel;
	errno = (int)-kernel;
	return -1;
}

long raw_call(long number, const long *a)
{
	register long a3 __asm__("r10") = a[3], a4 __asm__("r8") = a[4], a5 __asm__("r9") = a[5];
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(a3), "r"(a4), "r"(a5)
			 : "rcx", "r11", "memory");
	return raw_result(result);
}

/* Where this library lies. */
extern const char __ehdr_start[] __attribute__((visibility("hidden"))), _end[] __attribute__((visibility("hidden")));

long raw_ours(long number, long a0, long a1, long a2, long a3, long a4, long a5)
{
	const long a[7] = { a0, a1, a2, a3, a4, a5 };
	uint64_t from = (uint64_t)__builtin_return_address(0);

	if (from - (uint64_t)__ehdr_start < (uint64_t)(_end - __ehdr_start))
		return raw_call(number, a);
	return recorded_raw(number, a, raw_rows[number] - 1u, from);
}

#else

long raw_call(long number, const long *a)
{
	return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
