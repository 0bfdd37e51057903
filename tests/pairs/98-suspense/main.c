/* SPDX-License-Identifier: MIT */
/* suspense: parent and child take turns; the child says "done" with SIGUSR1 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t done, alarmed;

static void usr1(int s) { (void)s; done = 1; }
static void alrm(int s) { (void)s; alarmed = 1; }

static int full_write(int fd, const void *p, size_t n)
{
	size_t o = 0;
	while (o < n) {
		ssize_t w = write(fd, (const char *)p + o, n - o);
		if (w < 0 && errno == EINTR) continue;
		if (w < 0) return -1;
		o += w;
	}
	return 0;
}

static void child(int fd, pid_t boss)
{
	char c;
	for (;;) {
		ssize_t n = read(fd, &c, 1);
		struct timespec t = { 0, 15000000 };
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) _exit(n < 0);
		while (nanosleep(&t, &t) < 0 && errno == EINTR)
			;
		kill(boss, SIGUSR1);
	}
}

int main(void)
{
	struct sigaction sa = { .sa_handler = usr1 };
	sigset_t m, old;
	int p[2], st;
	pid_t kid, me = getpid();

	sigaction(SIGUSR1, &sa, NULL);
	sa.sa_handler = alrm;
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (pipe(p)) { perror("suspense: pipe"); return 1; }
	kid = fork();
	if (kid < 0) { perror("suspense: fork"); return 1; }
	if (kid == 0) {
		signal(SIGUSR1, SIG_IGN);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(p[1]);
		child(p[0], me);
	}
	close(p[0]);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigaddset(&m, SIGALRM);
#ifdef REPAIRED
	sigprocmask(SIG_BLOCK, &m, &old);
#else
	sigprocmask(SIG_SETMASK, NULL, &old);
#endif
	alarm(3);
	for (int i = 0; i < 3; i++) {
		static const char dot[] = "suspense: waiting\n";
		done = 0;
		if (full_write(p[1], "g", 1)) {
			perror("suspense: write");
			return 1;
		}
		while (!done && !alarmed) {
			full_write(2, dot, sizeof dot - 1);
#ifdef REPAIRED
			sigsuspend(&old);
#else
			pause();
#endif
		}
		if (alarmed) {
			fprintf(stderr, "suspense: the child is late\n");
			kill(kid, SIGKILL);
			waitpid(kid, &st, 0);
			return 1;
		}
		printf("round %d\n", i);
	}
	alarm(0);
	close(p[1]);
	while (waitpid(kid, &st, 0) < 0 && errno == EINTR)
		;
	return st ? 1 : 0;
}
