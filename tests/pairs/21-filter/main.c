/* SPDX-License-Identifier: MIT */
/* Numbers the lines that a filter program prints; the filter is this program again, started by posix_spawn. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static volatile sig_atomic_t windows_changed;

static void on_winch(int sig)
{
	(void)sig;
	windows_changed = 1;
}

/* stdin is not used; five lines to stdout, one write each */
static int filter(void)
{
	static const char *const words[] = { "rain", "in", "spain", "stays", "mainly" };
	char line[32];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int n = snprintf(line, sizeof(line), "%s\n", words[i]);

		while (write(STDOUT_FILENO, line, (size_t)n) < 0)
			if (errno != EINTR)
				return 1;
	}
	return 0;
}

static pid_t start_filter(char *self, int out, int unused)
{
	char *argv[] = { self, "filter", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, out);
	posix_spawn_file_actions_addclose(&actions, unused);
	err = posix_spawn(&pid, self, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	errno = err;
	return err ? -1 : pid;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_winch };
	int p[2], status = 1, n = 0;
	char line[64];
	pid_t pid;
	FILE *f;

	if (argc > 1 && strcmp(argv[1], "filter") == 0)
		return filter();
#ifdef REPAIRED
	sa.sa_flags = SA_RESTART;
#endif
	sigaction(SIGWINCH, &sa, NULL);
	if (pipe(p) < 0) {
		perror("pipe");
		return 1;
	}
	pid = start_filter(argv[0], p[1], p[0]);
	close(p[1]);
	f = pid < 0 ? NULL : fdopen(p[0], "r");
	if (!f) {
		perror("filter");
		return 1;
	}
	while (fgets(line, sizeof(line), f))
		printf("%d %s", ++n, line);
	fclose(f);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "the filter failed\n");
		return 1;
	}
	return 0;
}
