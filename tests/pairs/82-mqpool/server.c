/* SPDX-License-Identifier: MIT */
/* Answers when it has got one of the turns that lie in a queue, which other servers may take turns from too. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURNS = 2 };

static mqd_t turns;

static volatile sig_atomic_t ending;

static void on_term(int sig)
{
	(void)sig;
	ending = 1;
}

static void turn_give(void)
{
	while (mq_send(turns, "t", 1, 0) < 0 && errno == EINTR)
		;
}

static void turn_take(void)
{
	char t;

	while (mq_receive(turns, &t, 1, NULL) < 0 && errno == EINTR)
		;
}

static void shout(const char *word, char *text, size_t size)
{
	turn_take();
	snprintf(text, size, "%s!", word);
	turn_give();
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
		shout(word, text, sizeof(text));
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

static int turns_open(const char *name)
{
	struct mq_attr shape = { .mq_maxmsg = TURNS, .mq_msgsize = 1 };

#ifdef REPAIRED
	mq_unlink(name);
#endif
	turns = mq_open(name, O_RDWR | O_CREAT, 0600, &shape);
	if (turns == (mqd_t)-1) {
		perror("mq_open");
		return -1;
	}
	for (int i = 0; i < TURNS; i++)
		turn_give();
	return 0;
}

int main(int argc, char **argv)
{
	sigset_t before;
	int master;

	if (argc != 2)
		return 2;
	term_catch(&before);
	if (turns_open(argv[1]))
		return 1;
	master = master_open(argv[1]);
	if (master >= 0) {
		puts("open");
		fflush(stdout);
		serve(master, &before);
	}
	mq_unlink(argv[1]);
	return master < 0;
}
