/* SPDX-License-Identifier: MIT */
/* upcase DIRECTORY: only one at a time works in a directory (DIRECTORY/lock); a helper does the work. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char lock[300];
static pid_t helper;

static void give_up(const char *why)
{
	fprintf(stderr, "upcase: %s\n", why);
	if (helper > 0) {
		kill(helper, SIGKILL);
		while (waitpid(helper, NULL, 0) < 0 && errno == EINTR)
			;
	}
#ifdef REPAIRED
	unlink(lock);
#endif
	exit(1);
}

static void take_lock(const char *dir)
{
	char buf[20];
	int fd, n;

	snprintf(lock, sizeof lock, "%s/lock", dir);
	fd = open(lock, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0) {
		fprintf(stderr, "upcase: %s: %s\n", lock, strerror(errno));
		exit(1);
	}
	n = snprintf(buf, sizeof buf, "%ld\n", (long)getpid());
	if (write(fd, buf, n) != n)
		perror("upcase: lock"); /* it is a lock all the same */
	close(fd);
}

static void help(int in, int out)
{
	char c;

	for (;;) {
		ssize_t n = read(in, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(n < 0);
		c = toupper((unsigned char)c);
		while ((n = write(out, &c, 1)) < 0 && errno == EINTR)
			;
		if (n != 1)
			_exit(1);
	}
}

static void hire(int *to, int *from)
{
	pid_t me = getpid();
	int a[2], b[2];

	if (pipe(a) < 0)
		give_up("no pipe");
	if (pipe(b) < 0)
		give_up("no pipe");
	helper = fork();
	if (helper < 0)
		give_up("cannot fork");
	if (helper == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != me)
			_exit(1);
		close(a[1]);
		close(b[0]);
		signal(SIGPIPE, SIG_DFL);
		help(a[0], b[1]);
	}
	close(a[0]);
	close(b[1]);
	*to = a[1];
	*from = b[0];
}

static void translate(int to, int from, const char *text)
{
	size_t n = strlen(text), off = 0, got = 0;
	char out[200];

	while (off < n) {
		ssize_t k = write(to, text + off, n - off);
		if (k < 0 && errno != EINTR)
			give_up("helper does not take its work");
		if (k > 0)
			off += k;
	}
	while (got < n) {
		struct pollfd pf = { from, POLLIN, 0 };
		int r = poll(&pf, 1, 1000);
		ssize_t k;

		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0)
			give_up("helper is stuck");
		k = read(from, out + got, n - got);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			give_up("helper is gone");
		got += k;
	}
	printf("%.*s\n", (int)n, out);
}

int main(int argc, char **argv)
{
	static const char *const texts[] = { "the first", "the second", "and so on", "until", "the last" };
	int to, from, status;

	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	take_lock(argv[1]);
	hire(&to, &from);
	for (int i = 0; i < 5; i++)
		translate(to, from, texts[i]);
	close(to);
	close(from);
	while (waitpid(helper, &status, 0) < 0 && errno == EINTR)
		;
	helper = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		give_up("helper has failed");
	unlink(lock);
	return 0;
}
