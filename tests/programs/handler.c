/* SPDX-License-Identifier: MIT */
/*
 * handler keep|lose: its handler of SIGUSR1 asks for children that it has not (ECHILD), and puts errno back or does
 * not. A read finds nothing, and says so (EAGAIN).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

static bool keeps;

static void on_signal(int number)
{
	int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (keeps)
		errno = saved;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	char byte;
	int fds[2];

	keeps = argc > 1 && strcmp(argv[1], "keep") == 0;
	if (sigaction(SIGUSR1, &action, NULL) || pipe2(fds, O_NONBLOCK))
		return 2;
	if (read(fds[0], &byte, 1) != -1)
		return 3;
	if (errno == EAGAIN)
		return 0;
	perror("handler: read");
	return 1;
}
