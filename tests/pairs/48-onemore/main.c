/* SPDX-License-Identifier: MIT */
/* a parent that gives numbers to its child and reads the squares, while a clock ticks for the show */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void tick(int sig)
{
	(void)sig;
}

static ssize_t get(int fd, void *to, size_t n)
{
	ssize_t r = read(fd, to, n);

#ifdef REPAIRED
	while (r < 0 && errno == EINTR)
#else
	if (r < 0 && errno == EINTR)
#endif
		r = read(fd, to, n);
	return r;
}

static int put(int fd, const void *from, size_t n)
{
	ssize_t r;

	while ((r = write(fd, from, n)) < 0 && errno == EINTR)
		;
	return r == (ssize_t)n ? 0 : -1;
}

static int child(int in, int out)
{
	int x;

	while (get(in, &x, sizeof x) == sizeof x) {
		x *= x;
		if (put(out, &x, sizeof x))
			return 1;
	}
	return 0;
}

int main(void)
{
	struct sigaction act = { .sa_handler = tick };
	int there[2], back[2], status, x, failed = 0;
	pid_t pid;

	sigaction(SIGUSR1, &act, NULL);
	if (pipe(there) || pipe(back)) {
		perror("pipe");
		return 1;
	}
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (!pid) {
		close(there[1]);
		close(back[0]);
		_exit(child(there[0], back[1]));
	}
	close(there[0]);
	close(back[1]);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 2; i < 5 && !failed; i++) {
		failed = put(there[1], &i, sizeof i) || get(back[0], &x, sizeof x) != sizeof x;
		if (!failed)
			printf("%d\n", x);
	}
	close(there[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (failed)
		fprintf(stderr, "main: the child is gone\n");
	return failed;
}
