/* SPDX-License-Identifier: MIT */
/* cradle - run four jobs as children, collect their exit codes */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS 4

static pid_t job[JOBS];
static volatile sig_atomic_t code[JOBS], left, late;

static void
reaped(pid_t pid, int status)
{
	for (int i = 0; i < JOBS; i++)
		if (job[i] == pid) {
			code[i] = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
			left--;
		}
}

static void
on_chld(int sig)
{
	int status, save = errno;
	pid_t pid;

	(void)sig;
#ifdef REPAIRED
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		reaped(pid, status);
#else
	if ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		reaped(pid, status);
#endif
	errno = save;
}

static void
on_alrm(int sig)
{
	(void)sig;
	late = 1;
}

static int
collatz(int n)
{
	int k = 0;

	for (; n != 1; k++)
		n = n % 2 ? 3 * n + 1 : n / 2;
	return k;
}

static void
child(int i)
{
	struct timespec t = { 0, (i + 1) * 30000000L };

	signal(SIGCHLD, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	alarm(0);
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
	_exit(collatz(6 + 3 * i));
}

int
main(void)
{
	struct sigaction sa;
	sigset_t block, old;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_chld;
	sa.sa_flags = SA_NOCLDSTOP;
	sigaction(SIGCHLD, &sa, NULL);
	sa.sa_handler = on_alrm;
	sigaction(SIGALRM, &sa, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, &old);
	left = JOBS;
	for (int i = 0; i < JOBS; i++) {
		job[i] = fork();
		if (job[i] < 0) {
			perror("cradle: fork");
			while (i-- > 0)
				kill(job[i], SIGKILL);
			while (wait(NULL) > 0 || errno == EINTR)
				;
			return 1;
		}
		if (job[i] == 0) {
			sigprocmask(SIG_SETMASK, &old, NULL);
			child(i);
		}
	}
	alarm(3);
	while (left > 0 && !late) {
		sigsuspend(&old);
		fprintf(stderr, "cradle: %d jobs left\n", (int)left);
	}
	alarm(0);
	if (left > 0) {
		fprintf(stderr, "cradle: gave up\n");
		return 1;
	}
	for (int i = 0; i < JOBS; i++)
		printf("job %d: %d\n", i, (int)code[i]);
	return 0;
}
