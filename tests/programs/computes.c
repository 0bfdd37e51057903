/* SPDX-License-Identifier: MIT */
/*
 * computes FILE MS: takes MS of processor time between eight words through a pipe. Who runs holds a lock of one byte of
 * FILE, the first that nobody holds, and has written there that it was once held: the size of FILE is how many ran at
 * the same time. The kernel lets go of the lock of one that is killed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 8 };

static int place_take(int fd)
{
	struct flock place = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	while (fcntl(fd, F_SETLK, &place))
		place.l_start++;
	return pwrite(fd, "x", 1, place.l_start) == 1 ? 0 : -1;
}

static long used_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1, ends[2];
	char word[4];

	if (fd < 0 || pipe(ends) || place_take(fd)) {
		perror("computes");
		return 1;
	}
	for (int i = 1; i <= WORDS; i++) {
		if (write(ends[1], "word", 4) != 4 || read(ends[0], word, 4) != 4)
			return 1;
		while (used_ms() < i * strtol(argv[2], NULL, 10) / WORDS)
			;
	}
	return 0;
}
