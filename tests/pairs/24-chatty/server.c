/* SPDX-License-Identifier: MIT */
/* chatty SOCKET: a forked child a client, with stdio on the socket. SIGUSR1 to a child turns its log on and off. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t logging;
static const char *path;

static void toggle(int sig)
{
	(void)sig;
	logging = !logging;
}

static void quit(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

static void chat(int fd)
{
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	char line[256], *p;

	if (!in || !out)
		_exit(1);
	while (fgets(line, sizeof(line), in)) {
		if (logging)
			fprintf(stderr, "<- %s", line);
		if (strncmp(line, "QUIT", 4) == 0)
			break;
		p = line + strcspn(line, "\n");
		fputs("you said ", out);
		while (p > line)
			fputc(*--p, out);
		fputc('\n', out);
		if (fflush(out) == EOF)
			break;
	}
	fclose(out);
	fclose(in);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct sigaction sa;
	int s, fd;

	if (argc != 2)
		return 2;
	path = argv[1];
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = toggle;
#ifdef REPAIRED
	sa.sa_flags = SA_RESTART;
#endif
	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGTERM, quit);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);	/* nobody is interested in how they end */
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) || listen(s, 5)) {
		perror(path);
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		fd = accept(s, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		if (fork() == 0) {
			close(s);
			chat(fd);
		}
		close(fd);
	}
}
