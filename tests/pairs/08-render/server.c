/* SPDX-License-Identifier: MIT */
/* render SOCKET: lets a child process prepare each answer (it would call an untrusted converter) and passes it on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path;

static void end(int sig) { (void)sig; unlink(path); _exit(0); }

static ssize_t again(ssize_t (*io)(int, void *, size_t), int fd, char *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = io(fd, buf + done, n - done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		done += (size_t)r;
	}
	return (ssize_t)n;
}

static ssize_t put(int fd, void *buf, size_t n)
{
	return send(fd, buf, n, MSG_NOSIGNAL);
}

static void converter(int out, const char *word)
{
	char text[16];

	for (int i = 0; i < 16; i++)
		text[i] = word[15 - i];
	again((ssize_t (*)(int, void *, size_t))write, out, text, sizeof(text));
	_exit(0);
}

static int convert(int fd, const char *word)
{
	char text[16];
	int p[2], r;
	pid_t pid;

	if (pipe(p) < 0)
		return -1;
	if ((pid = fork()) < 0) {
		close(p[0]);
		close(p[1]);
		return -1;
	}
	if (pid == 0)
		converter(p[1], word);
	close(p[1]);
	r = again(read, p[0], text, sizeof(text)) < 0 ? -1 : 0;
	close(p[0]);
#ifndef REPAIRED
	if (r < 0 || again(put, fd, text, sizeof(text)) < 0)
		return -1;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
#else
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 || again(put, fd, text, sizeof(text)) < 0 ? -1 : 0;
#endif
}

int main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int s, fd;
	char word[16];

	if (argc < 2)
		return 1;
	path = argv[1];
	strcpy(sa.sun_path, path);
	signal(SIGTERM, end);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (void *)&sa, sizeof(sa)) || listen(s, 4)) {
		perror(path);
		return 1;
	}
	puts("listening");
	fflush(stdout);
	while (1) {
		fd = accept(s, NULL, NULL);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		while (again(read, fd, word, sizeof(word)) > 0)
			if (convert(fd, word) < 0)
				break;
		close(fd);
	}
}
