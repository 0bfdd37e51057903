/* SPDX-License-Identifier: MIT */
/* loads LIBRARY: loads it lazily and calls one_more() in it, in a child. */
#include <dlfcn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	void *library = argc == 2 ? dlopen(argv[1], RTLD_LAZY) : NULL;
	int (*one_more)(int), status;

	if (!library) {
		fprintf(stderr, "loads: %s\n", argc == 2 ? dlerror() : "one argument");
		return 1;
	}
	*(void **)&one_more = dlsym(library, "one_more");
	if (fork() == 0)
		_exit(one_more ? one_more(1) : 0);
	return wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 2;
}
