/* SPDX-License-Identifier: MIT */
/* Starts the dictionary daemon beside it, asks it two words, and ends it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timespec nap = { .tv_nsec = 2000000 };

	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	for (int tries = 0; tries < 100; tries++) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);

		if (s >= 0 && connect(s, (struct sockaddr *)&sun, sizeof(sun)) == 0)
			return s;
		if (s >= 0)
			close(s);
		nanosleep(&nap, NULL);
	}
	return -1;
}

static int ask(const char *path, const char *word)
{
	char line[80];
	size_t have = 0, n = strlen(word);
	ssize_t r;
	int s = dial(path);

	if (s < 0) {
		fprintf(stderr, "dict: nobody answers\n");
		return 1;
	}
	for (size_t done = 0; done < n; done += (size_t)r)
		if ((r = send(s, word + done, n - done, MSG_NOSIGNAL)) < 0) {
			perror("dict: send");
			close(s);
			return 1;
		}
	while ((r = read(s, line + have, sizeof(line) - have)) > 0)
		have += (size_t)r;
	close(s);
	if (strcmp(word, "END\n") == 0)
		return have == 0 || line[0] != 'b';
	if (have == 0 || line[have - 1] != '\n') {
		fprintf(stderr, "dict: no answer\n");
		return 1;
	}
	printf("%.*s", (int)have, line);
	return 0;
}

static int start(const char *self, const char *path)
{
	char program[512];
	const char *slash = strrchr(self, '/');
	int status;
	pid_t pid;

	snprintf(program, sizeof(program), "%.*sdaemon", slash ? (int)(slash + 1 - self) : 0, self);
	pid = fork();
	if (pid == 0) {
		execl(program, "dictd", path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	int bad, tries = 0;

	if (argc != 2)
		return 2;
	if (start(argv[0], argv[1])) {
		fprintf(stderr, "dict: the daemon does not start\n");
		return 1;
	}
	bad = ask(argv[1], "sabot\n") || ask(argv[1], "pipe\n");
	while (ask(argv[1], "END\n") && ++tries < 3)
		;
	return bad || tries == 3;
}
