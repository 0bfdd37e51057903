/* SPDX-License-Identifier: MIT */
/*
 * The physical limit of a fork server, for comparison: preloaded into a program, it stops before main and forks the
 * program each time a byte comes on descriptor 198; the exit status goes back on 199. It records and injects nothing.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_FD = 198, STATUS_FD = 199 };

typedef int start_main(
	int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

start_main __libc_start_main;

static int (*program)(int, char **, char **);

static int stopped(int argc, char **argv, char **envp)
{
	char byte;

	while (read(COMMAND_FD, &byte, 1) == 1) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			return program(argc, argv, envp);
		waitpid(pid, &status, 0);
		byte = (char)WEXITSTATUS(status);
		if (write(STATUS_FD, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

int __libc_start_main(int (*main_function)(int, char **, char **), int argc, char **argv, void (*init)(void),
	void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	start_main *libc;

	*(void **)&libc = dlsym(RTLD_NEXT, "__libc_start_main");
	program = main_function;
	return libc(stopped, argc, argv, init, fini, rtld_fini, stack_end);
}
