/* SPDX-License-Identifier: MIT */
/* tickets FILE WORKERS: worker processes draw tickets from a counter file. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DRAWS = 25 };

static volatile sig_atomic_t drawn, report;

static void on_usr2(int sig)
{
	(void)sig;
	report = 1;
}

static int counter_get(int fd, long *value)
{
	char buf[32];
	ssize_t n = pread(fd, buf, sizeof buf - 1, 0);

	if (n < 0)
		return -1;
	buf[n] = '\0';
	*value = strtol(buf, NULL, 10);
	return 0;
}

static int counter_set(int fd, long value)
{
	char buf[32];
	int n = snprintf(buf, sizeof buf, "%020ld\n", value);

	return pwrite(fd, buf, n, 0) == n ? 0 : -1;
}

static int draw(int fd)
{
	long v;
	int r;

#ifndef REPAIRED
	if (flock(fd, LOCK_EX) < 0) {
		perror("tickets: flock");
		return -1;
	}
#else
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			perror("tickets: flock");
			return -1;
		}
#endif
	r = counter_get(fd, &v);
	if (r == 0)
		r = counter_set(fd, v + 1);
	flock(fd, LOCK_UN);
	return r;
}

static int worker(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0) {
		perror(path);
		return 1;
	}
	for (int i = 0; i < DRAWS; i++) {
		if (draw(fd) == 0)
			drawn++;
		if (report) {
			report = 0;
			fprintf(stderr, "tickets: %ld has drawn %d\n", (long)getpid(), (int)drawn);
		}
	}
	close(fd);
	return drawn == DRAWS ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sigaction sa;
	int n, fd, bad = 0, status;
	pid_t me = getpid();
	long v = 0;

	if (argc != 3 || (n = atoi(argv[2])) < 1 || n > 16) {
		fprintf(stderr, "usage: tickets FILE WORKERS\n");
		return 2;
	}
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_usr2;
	sigaction(SIGUSR2, &sa, NULL);
	fd = open(argv[1], O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	if (counter_set(fd, 0) < 0) {
		perror("tickets: write");
		bad = 1;
		n = 0;
	}
	for (int i = 0; i < n; i++) {
		pid_t p = fork();
		if (p == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(getppid() == me ? worker(argv[1]) : 1);
		}
		if (p < 0) {
			perror("tickets: fork");
			bad = 1;
		}
	}
	for (;;) {
		pid_t p = wait(&status);
		if (p < 0 && errno == EINTR)
			continue;
		if (p < 0)
			break;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			bad = 1;
	}
	if (counter_get(fd, &v) < 0)
		bad = 1;
	close(fd);
	unlink(argv[1]);
	printf("%ld tickets\n", v);
	if (bad)
		fprintf(stderr, "tickets: something went wrong\n");
	return bad;
}
