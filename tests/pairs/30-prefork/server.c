/* SPDX-License-Identifier: MIT */
/*
 * timesd -- multiplication service, preforked.
 *
 * NWORKERS processes share the listening socket.  Only the one which holds
 * the accept mutex waits for a connection, so that no herd thunders.
 * A worker which dies is replaced by the parent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NWORKERS 3

static pthread_mutex_t *accept_mutex;
static pid_t kids[NWORKERS];
static pid_t boss;

static void quit(int sig)
{
	(void)sig;
	for (int i = 0; i < NWORKERS; i++)
		if (kids[i] > 0)
			kill(kids[i], SIGKILL);
	_exit(0);
}

static void mutex_create(void)
{
	pthread_mutexattr_t at;

	accept_mutex = mmap(NULL, sizeof *accept_mutex, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (accept_mutex == MAP_FAILED) {
		perror("timesd: mmap");
		exit(1);
	}
	pthread_mutexattr_init(&at);
	pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
#ifdef REPAIRED
	pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_ROBUST);
#endif
	pthread_mutex_init(accept_mutex, &at);
}

static void mutex_take(void)
{
	int e = pthread_mutex_lock(accept_mutex);

#ifdef REPAIRED
	if (e == EOWNERDEAD)
		e = pthread_mutex_consistent(accept_mutex);
#endif
	if (e) {
		fprintf(stderr, "timesd: accept mutex: %s\n", strerror(e));
		_exit(1);
	}
}

static void talk(int fd)
{
	struct timeval tv = { 1, 0 };
	char line[128];
	size_t n = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	for (;;) {
		char c, out[64];
		int a, b, len;
		ssize_t r = recv(fd, &c, 1, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0 || n == sizeof line - 1)
			return;
		if (c != '\n') {
			line[n++] = c;
			continue;
		}
		line[n] = 0;
		n = 0;
		if (sscanf(line, "%d %d", &a, &b) == 2)
			len = snprintf(out, sizeof out, "%d\n", a * b);
		else
			len = snprintf(out, sizeof out, "what?\n");
		for (char *p = out; len > 0;) {
			r = send(fd, p, len, MSG_NOSIGNAL);
			if (r < 0 && errno == EINTR)
				continue;
			if (r < 0)
				return;
			p += r;
			len -= r;
		}
	}
}

static void work(int lfd)
{
	for (;;) {
		int fd, e;

		mutex_take();
		fd = accept(lfd, NULL, NULL);
		e = errno;
		pthread_mutex_unlock(accept_mutex);
		if (fd >= 0) {
			talk(fd);
			close(fd);
		} else if (e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM) {
			usleep(20000);
		}
	}
}

static pid_t hire(int lfd)
{
	pid_t p = fork();

	if (p == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_DFL);
		if (getppid() != boss)
			_exit(1);
		work(lfd);
	}
	return p;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int one = 1, lfd;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PORT\n", argv[0]);
		return 2;
	}
	boss = getpid();
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(argv[1]));
	lfd = socket(AF_INET, SOCK_STREAM, 0);
	if (lfd < 0) {
		perror("timesd: socket");
		return 1;
	}
	setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(lfd, (void *)&a, sizeof a) || listen(lfd, 64)) {
		perror("timesd: listen");
		return 1;
	}
	mutex_create();
	signal(SIGTERM, quit);
	for (int i = 0; i < NWORKERS; i++)
		kids[i] = hire(lfd);
	puts("accepting");
	fflush(stdout);
	for (;;) {
		pid_t p = wait(NULL);
		if (p < 0 && errno == ECHILD)
			usleep(100000);
		for (int i = 0; i < NWORKERS; i++)
			if (kids[i] == p || kids[i] < 0)
				kids[i] = hire(lfd);
	}
}
