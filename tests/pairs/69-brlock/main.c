/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NPROC 3
static void gotit(int s) { }

static int tdb_brlock(int fd, int rw_type, off_t offset)
{
	struct flock fl = { .l_type = rw_type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1 };
	int ret;

#ifndef REPAIRED
	ret = fcntl(fd, F_SETLKW, &fl);
#else
	do
		ret = fcntl(fd, F_SETLKW, &fl);
	while (ret == -1 && errno == EINTR);
#endif
	return ret;
}

static int bump(int fd)
{
	int v = 0;

	if (tdb_brlock(fd, F_WRLCK, 0) == -1)
		return -1;
	if (pread(fd, &v, sizeof v, 0) < 0)
		return -1;
	usleep(300);
	v++;
	if (pwrite(fd, &v, sizeof v, 0) != sizeof v)
		return -1;
	return tdb_brlock(fd, F_UNLCK, 0);
}

int main(int argc, char **argv)
{
	int st, v = 0, bad = 0, n = 0, fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct sigaction sa = { .sa_handler = gotit };

	if (fd < 0 || write(fd, &v, sizeof v) != sizeof v) {
		perror(argv[1]);
		return 1;
	}
	sigaction(SIGUSR1, &sa, NULL);
	for (; n < NPROC; n++) {
		pid_t p = fork();
		if (p == 0) {
			int mine = open(argv[1], O_RDWR);
			for (int k = 0; k < 5; k++)
				if (mine < 0 || bump(mine) < 0) {
					perror("tdb");
					_exit(1);
				}
			_exit(0);
		}
		if (p < 0)
			break;
	}
	for (int i = 0; i < n; i++) {
		while (wait(&st) < 0 && errno == EINTR)
			;
		bad |= st;
	}
	if (pread(fd, &v, sizeof v, 0) != sizeof v)
		bad = 1;
	unlink(argv[1]);
	if (bad || n < NPROC) {
		fprintf(stderr, "tdb: a process failed\n");
		return 1;
	}
	printf("count %d\n", v);
	return 0;
}
