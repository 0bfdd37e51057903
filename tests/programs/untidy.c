/* SPDX-License-Identifier: MIT */
/*
 * Changes of its memory whatever a program can, and says whether it found it as a fresh process does. Its argument says
 * what it does beside: "threads" leaves a thread running, "first" ends the first thread before another, which goes on
 * with the memory for a while; "unmap" takes away what was there before main, "close" makes it read-only; "size" says
 * how much there is mapped.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { ROOM = 100000, PAGE = 4096 };

static int counter = 7, many[ROOM];
static char *kept;	/* from before main */
static void *early;

__attribute__((constructor)) static void before_main(void)
{
	kept = malloc(ROOM);
	if (kept)
		memset(kept, 'k', ROOM);
	early = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Until the process ends. */
static void *rest(void *data)
{
	for (;;)
		pause();
	return data;
}

/* When there is no first thread any more. */
static void *go_on(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	for (int i = 0; i < ROOM; i++)
		many[i] = kept[i] = 'y';
	puts("fresh");
	exit(0);
}

static int is_fresh(void)
{
	int fresh = counter == 7 && kept && early != MAP_FAILED && !*(int *)early && !getenv("UNTIDY");

	for (int i = 0; i < ROOM; i++)
		fresh &= !many[i] && kept[i] == 'k';
	return fresh;
}

static void soil(void)
{
	char *more = malloc(ROOM * 50), *mapped = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	counter++;
	*(int *)early = 1;
	memset(many, 1, sizeof(many));
	memset(kept, 'x', ROOM);
	if (more)
		memset(more, 1, ROOM * 50);
	if (mapped != MAP_FAILED)
		memset(mapped, 1, 16 * PAGE);
	if (sbrk(ROOM) != (void *)-1)
		setenv("UNTIDY", "1", 1);
}

static void size_tell(void)
{
	char text[64];
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	printf("%ld pages ", strtol(text, NULL, 10));
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	static pthread_t first;
	pthread_t thread;

	if (!is_fresh())
		return 1;
	soil();
	first = pthread_self();
	if (strcmp(mode, "unmap") == 0 && munmap(early, PAGE))
		return 2;
	if (strcmp(mode, "close") == 0 && mprotect(early, PAGE, PROT_READ))
		return 2;
	if (strcmp(mode, "threads") == 0 && pthread_create(&thread, NULL, rest, NULL))
		return 2;
	if (strcmp(mode, "first") == 0) {
		if (pthread_create(&thread, NULL, go_on, &first))
			return 2;
		pthread_exit(NULL);
	}
	if (strcmp(mode, "size") == 0)
		size_tell();
	puts("fresh");
	return 0;
}
