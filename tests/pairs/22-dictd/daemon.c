/* SPDX-License-Identifier: MIT */
/* dictd SOCKET: a small dictionary, as a daemon in the old way. "END" ends it; SIGHUP: read the dictionary again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const struct { const char *word, *meaning; } dictionary[] = {
	{ "sabot", "a wooden shoe" }, { "pipe", "a thing to smoke, or to write into" }, { "socket", "a hole" },
};

static volatile sig_atomic_t stale;

static void on_hup(int sig)
{
	(void)sig;
	stale = 1;
}

static void daemonise(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("dictd");
		exit(1);
	}
	if (pid > 0)
		_exit(0);
	setsid();
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	if (chdir("/") < 0)
		_exit(1);
	umask(0);
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	open("/dev/null", O_RDWR);
	if (dup(0) < 0 || dup(0) < 0)
		_exit(1);
}

/* 1: the daemon is to end */
static int serve(int fd)
{
	char line[64];
	size_t n = 0;
	const char *answer = "unknown";
	ssize_t r;

	while (n < sizeof(line) - 1 && !memchr(line, '\n', n)) {
		r = read(fd, line + n, sizeof(line) - 1 - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return 0;
		n += (size_t)r;
	}
	line[n ? n - 1 : 0] = '\0';
	if (strcmp(line, "END") == 0)
		return send(fd, "bye\n", 4, MSG_NOSIGNAL) > 0;
	for (size_t i = 0; i < sizeof(dictionary) / sizeof(dictionary[0]); i++)
		if (strcmp(line, dictionary[i].word) == 0)
			answer = dictionary[i].meaning;
	n = (size_t)snprintf(line, sizeof(line), "%s\n", answer);
	for (size_t done = 0; done < n; done += r > 0 ? (size_t)r : 0) {
		r = send(fd, line + done, n - done, MSG_NOSIGNAL);
		if (r < 0 && errno != EINTR)
			break;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct sigaction sa = { .sa_handler = on_hup };
	int s, end = 0;

	if (argc != 2)
		return 2;
	daemonise();
	sigaction(SIGHUP, &sa, NULL);
	strncpy(sun.sun_path, argv[1], sizeof(sun.sun_path) - 1);
	unlink(argv[1]);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(s, 8) < 0)
		end = 1;
	while (!end) {
		int fd = accept(s, NULL, NULL);

		if (stale)
			stale = 0;
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS ||
				      errno == ECONNABORTED)) {
			usleep(2000);
			continue;
		}
#ifdef REPAIRED
		if (fd < 0 && errno == EINTR)
			continue;
#endif
		if (fd < 0)
			break;
		end = serve(fd);
		close(fd);
	}
	unlink(argv[1]);
	return 0;
}
