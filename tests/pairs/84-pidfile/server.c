/* SPDX-License-Identifier: MIT */
/* Turns words round. There may be one of it: its number stands in a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static volatile sig_atomic_t ending;

static void on_term(int sig)
{
	(void)sig;
	ending = 1;
}

static void turn(const char *word, char *text)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < n; i++)
		text[i] = word[n - 1 - i];
	text[n] = '\0';
}

static void converse(int fd)
{
	char word[64], text[128];

	for (;;) {
		ssize_t n = recv(fd, word, sizeof(word) - 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		word[n] = '\0';
		turn(word, text);
		while ((n = send(fd, text, strlen(text), MSG_NOSIGNAL)) < 0 && errno == EINTR)
			;
		if (n < 0)
			return;
	}
}

/* An abstract name goes with its owner. */
static socklen_t address_of(struct sockaddr_un *sun, const char *name)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(sun->sun_path + 1, name, sizeof(sun->sun_path) - 2);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static int master_open(const char *name)
{
	struct sockaddr_un sun;
	socklen_t size = address_of(&sun, name);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sun, size) < 0 || listen(fd, 8) < 0) {
		perror("server");
		return -1;
	}
	return fd;
}

static void serve(int master, const sigset_t *open_mask)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	while (!ending) {
		int fd;

		if (ppoll(&p, 1, NULL, open_mask) <= 0)
			continue;
		fd = accept(master, NULL, NULL);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			usleep(2000);
		if (fd < 0)
			continue;
		converse(fd);
		close(fd);
	}
}

static void term_catch(sigset_t *before)
{
	struct sigaction on = { .sa_handler = on_term };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, before);
	sigaction(SIGTERM, &on, NULL);
}

/* Nobody but one; -1: there is another, or no way to tell. */
static int number_claim(const char *path)
{
#ifdef REPAIRED
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	/* The lock goes with its owner, whatever becomes of the file. */
	if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 || ftruncate(fd, 0) < 0)) {
		close(fd);
		fd = -1;
	}
#else
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
#endif
	if (fd < 0)
		return -1;
	dprintf(fd, "%d\n", (int)getpid());
	return fd;
}

int main(int argc, char **argv)
{
	sigset_t before;
	int master, number;

	if (argc != 2)
		return 2;
	term_catch(&before);
	number = number_claim(argv[1]);
	if (number < 0) {
		fprintf(stderr, "there is another one: %s\n", strerror(errno));
		return 1;
	}
	master = master_open(argv[1]);
	if (master >= 0) {
		puts("open");
		fflush(stdout);
		serve(master, &before);
	}
	unlink(argv[1]);
	return master < 0;
}
