/* SPDX-License-Identifier: MIT */
/* boardd: a pin board. "+text" pins, "?prefix" lists what begins so (ends with "."), "-prefix" takes off. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define NOTES 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *notes[NOTES];
static char *sockpath;

static void finish(int sig)
{
	(void)sig;
	unlink(sockpath);
	_exit(0);
}

static int send_str(int fd, const char *s)
{
	size_t n = strlen(s);
	ssize_t k;

	for (; n; s += k, n -= k) {
		k = send(fd, s, n, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			k = 0;
		else if (k < 0)
			return -1;
	}
	return 0;
}

static int pin(const char *text)
{
	int done = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < NOTES && !done; i++)
		if (!notes[i] && (notes[i] = strdup(text)))
			done = 1;
	pthread_mutex_unlock(&lock);
	return done;
}

static int unpin(const char *prefix)
{
	int n = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < NOTES; i++)
		if (notes[i] && !strncmp(notes[i], prefix, strlen(prefix))) {
			free(notes[i]);
			notes[i] = NULL;
			n++;
		}
	pthread_mutex_unlock(&lock);
	return n;
}

static int list(int fd, const char *prefix)
{
	int r = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < NOTES; i++)
		if (notes[i] && !strncmp(notes[i], prefix, strlen(prefix)))
			if (send_str(fd, notes[i]) < 0 || send_str(fd, "\n") < 0) {
#ifdef REPAIRED
				pthread_mutex_unlock(&lock);
#endif
				return -1;
			}
	pthread_mutex_unlock(&lock);
	if (r == 0)
		r = send_str(fd, ".\n");
	return r;
}

static int command(int fd, char *line)
{
	char out[32];

	switch (*line) {
	case '+':
		return send_str(fd, pin(line + 1) ? "ok\n" : "full\n");
	case '-':
		snprintf(out, sizeof out, "%d off\n", unpin(line + 1));
		return send_str(fd, out);
	case '?':
		return list(fd, line + 1);
	default:
		return send_str(fd, "eh?\n");
	}
}

static void *client(void *p)
{
	int fd = (int)(intptr_t)p;
	struct timeval tv = { 1, 0 };
	char buf[1000];
	size_t n = 0;
	char *nl;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	for (;;) {
		ssize_t k = recv(fd, buf + n, sizeof buf - n, 0);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		n += k;
		while ((nl = memchr(buf, '\n', n))) {
			*nl = 0;
			if (command(fd, buf) < 0)
				goto out;
			n -= nl + 1 - buf;
			memmove(buf, nl + 1, n);
		}
		if (n == sizeof buf)
			break;
	}
out:
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	pthread_attr_t at;
	int l;

	if (argc != 2)
		return 2;
	sockpath = argv[1];
	strncpy(a.sun_path, sockpath, sizeof a.sun_path - 1);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	if (l < 0 || bind(l, (struct sockaddr *)&a, sizeof a) < 0 || listen(l, 16) < 0) {
		perror("boardd");
		return 1;
	}
	signal(SIGTERM, finish);
	pthread_attr_init(&at);
	pthread_attr_setdetachstate(&at, PTHREAD_CREATE_DETACHED);
	puts("board open");
	fflush(stdout);
	for (;;) {
		pthread_t t;
		int fd = accept(l, NULL, NULL);
		if (fd < 0) {
			if (errno != EINTR && errno != ECONNABORTED)
				usleep(10000);
		} else if (pthread_create(&t, &at, client, (void *)(intptr_t)fd))
			close(fd);
	}
}
