/* SPDX-License-Identifier: MIT */
/*
 * spelld: words in, "ok" or "??" out; QUIT closes.  The words are judged by
 * a helper process (this program with "-helper"), started again if it dies.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAXC 8

#ifdef REPAIRED
#define CLOEXEC SOCK_CLOEXEC
#else
#define CLOEXEC 0
#endif

static struct sockaddr_un un = { .sun_family = AF_UNIX };
static int to = -1, from = -1;
static pid_t helper_pid = -1;
static char *self;

static void term(int s)
{
	(void)s;
	if (helper_pid > 0)
		kill(helper_pid, SIGKILL);
	unlink(un.sun_path);
	_exit(0);
}

static int helper(void)
{
	char c;
	int vowels = 0, n = 0;

	for (;;) {
		ssize_t r = read(0, &c, 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return 0;
		if (c == '\n') {
			c = n > 0 && vowels > 0 ? 'y' : 'n';
			while (write(1, &c, 1) < 0 && errno == EINTR)
				;
			vowels = n = 0;
			continue;
		}
		n++;
		vowels += strchr("aeiouy", c) != NULL;
	}
}

static void helper_stop(void)
{
	if (to >= 0) {
		close(to);
		close(from);
		to = from = -1;
	}
	if (helper_pid > 0) {
		kill(helper_pid, SIGKILL);
		while (waitpid(helper_pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	helper_pid = -1;
}

static int helper_start(void)
{
	int a[2], b[2];

	if (pipe2(a, O_CLOEXEC) < 0)
		return -1;
	if (pipe2(b, O_CLOEXEC) < 0) {
		close(a[0]);
		close(a[1]);
		return -1;
	}
	helper_pid = fork();
	if (helper_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(a[0], 0);
		dup2(b[1], 1);
		execl("/proc/self/exe", self, "-helper", (char *)NULL);
		_exit(127);
	}
	close(a[0]);
	close(b[1]);
	to = a[1];
	from = b[0];
	if (helper_pid < 0) {
		helper_stop();
		return -1;
	}
	return 0;
}

static int consult(const char *word, size_t len)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	char c;
	int r;

	while (len) {
		ssize_t n = write(to, word, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		word += n;
		len -= n;
	}
	while ((r = poll(&p, 1, 1000)) < 0 && errno == EINTR)
		;
	if (r <= 0)
		return -1;
	for (;;) {
		ssize_t n = read(from, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		return n == 1 ? c == 'y' : -1;
	}
}

static const char *judge(const char *word, size_t len)
{
	for (int i = 0; i < 3; i++) {
		int v;
		if (to < 0 && helper_start() < 0)
			break;
		v = consult(word, len);
		if (v >= 0)
			return v ? "ok\n" : "??\n";
		fprintf(stderr, "spelld: helper lost\n");
		helper_stop();
	}
	return "no helper\n";
}

static struct { int fd; size_t have; char b[64]; } c[MAXC];
static int nc;

static int say(int fd, const char *s)
{
	size_t n = strlen(s);
	while (n) {
		ssize_t w = send(fd, s, n, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		s += w;
		n -= w;
	}
	return 0;
}

static int client(int i)
{
	char *nl;
	ssize_t n = recv(c[i].fd, c[i].b + c[i].have, sizeof c[i].b - c[i].have, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	c[i].have += n;
	while ((nl = memchr(c[i].b, '\n', c[i].have))) {
		size_t len = nl + 1 - c[i].b;
		if (len == 5 && !memcmp(c[i].b, "QUIT", 4))
			return -1;
		if (say(c[i].fd, judge(c[i].b, len)) < 0)
			return -1;
		c[i].have -= len;
		memmove(c[i].b, nl + 1, c[i].have);
	}
	return c[i].have == sizeof c[i].b ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct pollfd p[MAXC + 1];
	int l;

	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "-helper"))
		return helper();
	self = argv[0];
	signal(SIGPIPE, SIG_IGN);
	snprintf(un.sun_path, sizeof un.sun_path, "%s", argv[1]);
	if (helper_start() < 0) {
		perror("spelld: helper");
		return 1;
	}
	l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l < 0 || bind(l, (void *)&un, sizeof un) || listen(l, 5)) {
		perror("spelld");
		helper_stop();
		return 1;
	}
	signal(SIGTERM, term);
	puts("spelld");
	fflush(stdout);
	for (;;) {
		p[0] = (struct pollfd){ .fd = l, .events = nc < MAXC ? POLLIN : 0 };
		for (int i = 0; i < nc; i++)
			p[i + 1] = (struct pollfd){ .fd = c[i].fd, .events = POLLIN };
		if (poll(p, nc + 1, -1) < 0)
			continue;
		for (int i = nc - 1; i >= 0; i--)
			if (p[i + 1].revents && client(i) < 0) {
				close(c[i].fd);
				c[i] = c[--nc];
			}
		if (p[0].revents) {
			int fd = accept4(l, NULL, NULL, CLOEXEC);
			if (fd >= 0) {
				c[nc].fd = fd;
				c[nc++].have = 0;
			} else if (errno == EMFILE || errno == ENFILE) {
				usleep(20000);
			}
		}
	}
}
