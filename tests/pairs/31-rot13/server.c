/* SPDX-License-Identifier: MIT */
/* rot13 server: what comes as a line goes back as a line.
	Written with stdio, because life is short. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;
static long lines;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static void term(int sig)
{
	(void)sig;
	_exit(0);
}

/* The next line, without its end; NULL at end of file. */
static char *next_line(FILE *f, char **buf, size_t *size)
{
	ssize_t n;

#ifndef REPAIRED
	n = getline(buf, size, f);
	if (n <= 0)
		return NULL;
#else
	size_t have = 0;
	for (;;) {
		int c = getc(f);
		if (c == EOF && ferror(f) && errno == EINTR) {
			clearerr(f);
			continue;
		}
		if (c == EOF)
			return NULL;
		if (have + 2 > *size) {
			char *p = realloc(*buf, *size = *size * 2 + 80);
			if (!p)
				return NULL;
			*buf = p;
		}
		(*buf)[have++] = c;
		if (c == '\n')
			break;
	}
	(*buf)[have] = 0;
	n = have;
#endif
	if ((*buf)[n - 1] == '\n')
		(*buf)[n - 1] = 0;
	return *buf;
}

/* Not by stdio: what a stream holds is lost when its write() is interrupted. */
static int put(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k;
		n -= k;
	}
	return 0;
}

static void session(int fd)
{
	struct timeval tv = { 1, 0 };
	FILE *in;
	char *line = NULL;
	size_t size = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	in = fdopen(fd, "r");
	while (in && next_line(in, &line, &size)) {
		for (char *p = line; *p; p++)
			if ((*p >= 'a' && *p <= 'm') || (*p >= 'A' && *p <= 'M'))
				*p += 13;
			else if ((*p >= 'n' && *p <= 'z') || (*p >= 'N' && *p <= 'Z'))
				*p -= 13;
		lines++;
		strcat(line, "\n");	/* there was one before */
		if (put(fd, line, strlen(line)))
			break;
	}
	free(line);
	if (in)
		fclose(in);
	else
		close(fd);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = tick };
	struct itimerval every = { { 30, 0 }, { 30, 0 } };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int s, yes = 1;

	if (argc != 2)
		return 2;
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = term }, NULL);
	signal(SIGPIPE, SIG_IGN);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(atoi(argv[1]));
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
		bind(s, (struct sockaddr *)&sin, sizeof sin) || listen(s, 5)) {
		perror("rot13");
		return 1;
	}
	setitimer(ITIMER_REAL, &every, NULL);
	puts("hello");
	fflush(stdout);
	for (;;) {
		int fd = accept(s, NULL, NULL);
		if (fd >= 0)
			session(fd);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			usleep(10000);
		if (ticks) {
			fprintf(stderr, "rot13: %ld lines so far\n", lines);
			ticks = 0;
		}
	}
}
