/* SPDX-License-Identifier: MIT */
/* Knows how many legs there are, from a table in shared memory that others may look at. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROWS = 3 };

struct row {
	char name[16];
	int legs;
};

static struct row *table;

static volatile sig_atomic_t ending;

static void on_term(int sig)
{
	(void)sig;
	ending = 1;
}

static void look_up(const char *word, char *text, size_t size)
{
	int legs = -1;

	for (int i = 0; i < ROWS; i++)
		if (strcmp(table[i].name, word) == 0)
			legs = table[i].legs;
	snprintf(text, size, "%s %d", word, legs);
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
		look_up(word, text, sizeof(text));
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

static int table_make(int fd)
{
	static const struct row rows[ROWS] = { { "snail", 0 }, { "bee", 6 }, { "spider", 8 } };

	if (ftruncate(fd, sizeof(rows)) < 0)
		return -1;
	table = mmap(NULL, sizeof(rows), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (table == MAP_FAILED)
		return -1;
	memcpy(table, rows, sizeof(rows));
	return 0;
}

static int table_open(const char *name)
{
	int fd, error;

#ifdef REPAIRED
	shm_unlink(name);
#endif
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 && errno == EEXIST) {
		/* Somebody has made it already. */
		fd = shm_open(name, O_RDWR, 0);
		if (fd < 0)
			return -1;
		table = mmap(NULL, ROWS * sizeof(*table), PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		return table == MAP_FAILED ? -1 : 0;
	}
	if (fd < 0)
		return -1;
	error = table_make(fd);
	close(fd);
	if (error)
		shm_unlink(name);
	return error;
}

int main(int argc, char **argv)
{
	sigset_t before;
	int master;

	if (argc != 2)
		return 2;
	term_catch(&before);
	if (table_open(argv[1])) {
		perror("table");
		return 1;
	}
	master = master_open(argv[1]);
	if (master >= 0) {
		puts("open");
		fflush(stdout);
		serve(master, &before);
	}
	shm_unlink(argv[1]);
	return master < 0;
}
