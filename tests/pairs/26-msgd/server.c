/* SPDX-License-Identifier: MIT */
/* msgd KEY: a System V queue; requests have type 1, answers the type that the request names. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "msg.h"

static int q = -1;
static volatile sig_atomic_t requests;

static void finish(int code)
{
	msgctl(q, IPC_RMID, NULL);
	_exit(code);
}

static void on_term(int sig)
{
	(void)sig;
	finish(0);
}

static void on_usr2(int sig)
{
	char text[] = "msgd: alive\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)n;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_usr2, .sa_flags = SA_RESTART };
	struct message m;

	if (argc != 2)
		return 2;
	q = msgget((key_t)atol(argv[1]), IPC_CREAT | 0600);
	if (q < 0) {
		perror("msgget");
		return 1;
	}
	sigaction(SIGUSR2, &sa, NULL);
	sa.sa_handler = on_term;
	sigaction(SIGTERM, &sa, NULL);
	puts("listening");
	fflush(stdout);
	for (;;) {
		if (msgrcv(q, &m, sizeof(m) - sizeof(long), 1, 0) < 0) {
#ifdef REPAIRED
			if (errno == EINTR)
				continue;
#endif
			perror("msgrcv");
			finish(1);
		}
		requests++;
		m.mtype = m.reply_to;
		m.value = m.value * 9 / 5 + 32;
		while (msgsnd(q, &m, sizeof(m) - sizeof(long), 0) < 0 && errno == EINTR)
			;
	}
}
