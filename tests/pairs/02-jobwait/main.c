/* SPDX-License-Identifier: MIT */
/* Runs a list of jobs, each in a child, one after the other. SIGUSR1 asks it how far it is. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t asked;

static void on_usr1(int sig)
{
	(void)sig;
	asked = 1;
}

static int collatz(unsigned n)
{
	int steps = 0;

	while (n != 1) {
		n = n % 2 ? 3 * n + 1 : n / 2;
		steps++;
	}
	return steps;
}

/* Exit status of the job, -1 if it could not be run. */
static int run_job(unsigned n)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		signal(SIGUSR1, SIG_IGN);
		_exit(collatz(n) & 127);
	}
#ifdef REPAIRED
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
#else
	if (waitpid(pid, &status, 0) < 0)
		return -1;
#endif
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	static const unsigned jobs[] = { 6, 7, 27, 97, 871 };
	struct sigaction sa;
	int bad = 0;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_usr1;
	sigaction(SIGUSR1, &sa, NULL);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		int result = run_job(jobs[i]);

		if (asked) {
			asked = 0;
			fprintf(stderr, "job %zu of %zu\n", i + 1, sizeof(jobs) / sizeof(jobs[0]));
		}
		if (result < 0) {
			printf("job %u failed\n", jobs[i]);
			bad = 1;
		} else {
			printf("job %u: %d\n", jobs[i], result);
		}
	}
	return bad;
}
