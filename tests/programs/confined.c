/* SPDX-License-Identifier: MIT */
/*
 * confined HOW: a child confines itself, takes eight bytes from its parent and gives them back. HOW: `prctl` and
 * `seccomp` forbid on pain of death nearly all but that, `strict` is the kernel's own way to do so, `wide` forbids
 * what nobody here does.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

#define LET(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define THE_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))

static int confine(const char *how)
{
	struct sock_filter narrow[] = { THE_NUMBER, LET(read), LET(write), LET(exit), LET(exit_group), LET(socketpair),
		LET(clock_nanosleep), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS) };
	struct sock_filter wide[] = { THE_NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS) };
	struct sock_fprog program = { sizeof(narrow) / sizeof(*narrow), narrow };

	if (!strcmp(how, "wide"))
		program = (struct sock_fprog){ sizeof(wide) / sizeof(*wide), wide };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	if (!strcmp(how, "strict"))
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	if (!strcmp(how, "seccomp"))
		return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static void child(int fd, const char *how)
{
	int own[2] = { fd, fd };
	char bytes[8];
	size_t n = 0;

	if (confine(how))
		syscall(SYS_exit, 2);
	/* What it opens now is new to whoever looks on. */
	if (strcmp(how, "strict") != 0 && (socketpair(AF_UNIX, SOCK_STREAM, 0, own) || write(own[0], "x", 1) != 1 ||
						  read(own[1], bytes, 1) != 1))
		syscall(SYS_exit, 2);
	while (n < sizeof(bytes)) {
		ssize_t k = read(fd, bytes + n, sizeof(bytes) - n);

		if (k <= 0)
			syscall(SYS_exit, 1);
		n += (size_t)k;
	}
	syscall(SYS_exit, write(fd, bytes, n) != (ssize_t)n);
}

int main(int argc, char **argv)
{
	int fds[2], status = 0;
	char bytes[8];

	if (argc < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return 2;
	if (fork() == 0)
		child(fds[1], argv[1]);
	close(fds[1]);
	if (write(fds[0], "in order", 8) != 8 || recv(fds[0], bytes, 8, MSG_WAITALL) != 8)
		bytes[0] = '?';
	if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) || memcmp(bytes, "in order", 8) != 0) {
		fprintf(stderr, "confined: the child ended with %#x\n", (unsigned)status);
		return 1;
	}
	puts("in order");
	return 0;
}
