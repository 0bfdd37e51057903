/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "msg.h"

static volatile sig_atomic_t late;

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

int main(int argc, char **argv)
{
	static const int celsius[] = { -40, 0, 100 };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct message m;
	int q;

	if (argc != 2 || (q = msgget((key_t)atol(argv[1]), 0)) < 0) {
		fprintf(stderr, "no queue\n");
		return 1;
	}
	sigaction(SIGALRM, &sa, NULL);
	for (int i = 0; i < 3; i++) {
		m = (struct message){ 1, 1000 + getpid(), celsius[i] };
		while (msgsnd(q, &m, sizeof(m) - sizeof(long), 0) < 0)
			if (errno != EINTR) {
				perror("msgsnd");
				return 1;
			}
		alarm(1);
		while (msgrcv(q, &m, sizeof(m) - sizeof(long), 1000 + getpid(), 0) < 0)
			if (errno != EINTR || late) {
				fprintf(stderr, "no answer\n");
				return 1;
			}
		alarm(0);
		printf("%d C = %d F\n", celsius[i], m.value);
	}
	return 0;
}
