/* SPDX-License-Identifier: MIT */
/* loads LIBRARY: loads it lazily and calls one_more() in it. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc == 2 ? dlopen(argv[1], RTLD_LAZY) : NULL;
	int (*one_more)(int);

	if (!library) {
		fprintf(stderr, "loads: %s\n", argc == 2 ? dlerror() : "one argument");
		return 1;
	}
	*(void **)&one_more = dlsym(library, "one_more");
	printf("%d\n", one_more ? one_more(1) : -1);
	return 0;
}
