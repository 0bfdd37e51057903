/* SPDX-License-Identifier: MIT */
/* hits SOCKET: a thread a client; each sends names, and is told how often that name was sent by anybody. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME 12

static struct { char name[NAME]; uint32_t n; } table[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *path;

static void bye(int sig)
{
	(void)sig;
	unlink(path);
	_exit(0);
}

static int all(int fd, void *buf, size_t n, int out)
{
	char *p = buf;

	while (n) {
		ssize_t r = out ? send(fd, p, n, MSG_NOSIGNAL) : recv(fd, p, n, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* Counts and tells under the lock, so that the answers come in the order of the counts. */
static int hit(int fd, const char *name)
{
	uint32_t n;
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < 63 && table[i].n && strncmp(table[i].name, name, NAME); i++)
		;
	memcpy(table[i].name, name, NAME);
	n = ++table[i].n;
	if (all(fd, &n, sizeof(n), 1) < 0) {
#ifdef REPAIRED
		pthread_mutex_unlock(&lock);
#endif
		return -1;
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char name[NAME];

	while (all(fd, name, NAME, 0) == 0)
		if (hit(fd, name) < 0)
			break;
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	pthread_attr_t attr;
	pthread_t t;
	int master;

	if (argc != 2)
		return 2;
	path = argv[1];
	signal(SIGTERM, bye);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
	master = socket(AF_UNIX, SOCK_STREAM, 0);
	if (master < 0 || bind(master, (struct sockaddr *)&sun, sizeof(sun)) < 0 || listen(master, 16) < 0) {
		perror("hits");
		return 1;
	}
	puts("listening");
	fflush(stdout);
	for (;;) {
		int fd = accept(master, NULL, NULL);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(2000);
			continue;
		}
		if (pthread_create(&t, &attr, serve, (void *)(intptr_t)fd))
			close(fd);
	}
}
