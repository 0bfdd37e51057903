/* SPDX-License-Identifier: MIT */
/* A service that, told to end, lets a timer run for 2.5 s before it does. */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/banned.h"

static volatile sig_atomic_t is_told, is_over;

static void on_signal(int sig)
{
	is_told |= sig == SIGTERM;
	is_over |= sig == SIGALRM;
}

int main(void)
{
	const struct itimerval patience = { .it_value = { .tv_sec = 2, .tv_usec = 500000 } };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t both, none;

	sigemptyset(&none);
	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGALRM);
	sigprocmask(SIG_BLOCK, &both, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	while (!is_told)
		sigsuspend(&none);
	setitimer(ITIMER_REAL, &patience, NULL);
	while (!is_over)
		sigsuspend(&none);
	return 0;
}
