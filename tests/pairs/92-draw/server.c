/* SPDX-License-Identifier: MIT */
/* renderd: draws bars; two worker threads, a unix stream; one request a connection: "N\n" gives N rows */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int jobs[8], n_jobs, lfd;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static int get_request(int fd)
{
	char buf[16];
	size_t used = 0;

	while (used < sizeof buf - 1) {
		ssize_t n = read(fd, buf + used, sizeof buf - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		used += (size_t)n;
		buf[used] = '\0';
		if (strchr(buf, '\n'))
			return atoi(buf);
	}
	return -1;
}

static int put_rows(int fd, const char *p, size_t n)
{
#ifndef REPAIRED
	while (write(fd, p, n) < 0)
		if (errno != EINTR)
			return -1;
#else
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno != EINTR)
			return -1;
		if (w > 0)
			p += w, n -= (size_t)w;
	}
#endif
	return 0;
}

static void render(int fd)
{
	static __thread char page[65 * 64 + 1];
	struct timeval tv = { 2, 0 };
	size_t len = 0;
	int n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	n = get_request(fd);
	if (n < 1 || n > 64)
		return;
	for (int i = 0; i < n; i++) {
		memset(page + len, '#', (size_t)(1 + i * 7 % 61));
		len += (size_t)(1 + i * 7 % 61);
		page[len++] = '\n';
	}
	if (put_rows(fd, page, len) < 0)
		fprintf(stderr, "renderd: a client is gone\n");
}

static void *worker(void *arg)
{
	for (;;) {
		int fd;
		pthread_mutex_lock(&lock);
		while (!n_jobs)
			pthread_cond_wait(&more, &lock);
		fd = jobs[--n_jobs];
		pthread_mutex_unlock(&lock);
		render(fd);
		close(fd);
	}
	return arg;
}

static void *acceptor(void *arg)
{
	for (;;) {
		int fd = accept(lfd, NULL, NULL), ok;
		if (fd < 0) {
			if (errno != EINTR && errno != ECONNABORTED)
				nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
			continue;
		}
		pthread_mutex_lock(&lock);
		ok = n_jobs < 8;
		if (ok)
			jobs[n_jobs++] = fd;
		pthread_cond_signal(&more);
		pthread_mutex_unlock(&lock);
		if (!ok)
			close(fd);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	pthread_t t;
	sigset_t set;
	int sig;

	if (argc != 2)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", argv[1]);
	unlink(argv[1]);
	lfd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (lfd < 0 || bind(lfd, (void *)&sun, sizeof sun) || listen(lfd, 8)) {
		perror("renderd");
		return 1;
	}
	if (pthread_create(&t, NULL, worker, NULL) || pthread_create(&t, NULL, worker, NULL) ||
	    pthread_create(&t, NULL, acceptor, NULL)) {
		fprintf(stderr, "renderd: no threads\n");
		unlink(argv[1]);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (sigwait(&set, &sig))
		;
	unlink(argv[1]);
	return 0;
}
