/* SPDX-License-Identifier: MIT */
#include "tests/support/sabot_run.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

/* How long sabot may take at most: an exploration under a sanitizer on a busy machine takes a minute. */
enum { ARGS_MOST = 32, SABOT_MOST_MS = 150000 };

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	cr_assert_not_null(value, "%s is not set: run the tests with ctest", name);
	return value;
}

static pid_t start(const char *directory, const char *const *before, const char *const *args, int out, int err)
{
	const char *argv[ARGS_MOST] = { NULL };
	size_t n = 0;
	pid_t pid;

	for (; before && *before; before++)
		argv[n++] = *before;
	argv[n++] = environment("SABOT");
	for (; *args; args++)
		argv[n++] = *args;
	fflush(NULL);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	if (directory && chdir(directory))
		_exit(126);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(err, 2);
	setpgid(0, 0);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static char *file_text(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	cr_assert_eq(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

int sabot_end(pid_t pid)
{
	int status, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || poll(&p, 1, SABOT_MOST_MS) != 1) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return -1;
	}
	close(pidfd);
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct sabot_run sabot_run(const char *directory, const char *const *before, const char *const *args)
{
	struct sabot_run r = { .code = -1 };
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);

	cr_assert(out >= 0 && err >= 0);
	r.code = sabot_end(start(directory, before, args, out, err));
	r.out = file_text(out);
	r.err = file_text(err);
	return r;
}

void sabot_run_fini(struct sabot_run *r)
{
	free(r->out);
	free(r->err);
	r->out = r->err = NULL;
}

pid_t sabot_start(const char *directory, const char *const *args)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = start(directory, NULL, args, null, null);

	close(null);
	return pid;
}

char *test_directory(void)
{
	char *path = strdup("/tmp/test-sabot-XXXXXX");

	cr_assert_not_null(mkdtemp(path));
	cr_assert_eq(chmod(path, 0755), 0);
	return path;
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void test_directory_remove(char *path)
{
	nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

void test_file(const char *directory, const char *name, const char *text)
{
	static const char word[] = "$SABOT_PROGRAMS";
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	cr_assert_not_null(file);
	for (const char *at; (at = strstr(text, word)); text = at + strlen(word))
		fprintf(file, "%.*s%s", (int)(at - text), text, environment("SABOT_PROGRAMS"));
	fputs(text, file);
	fclose(file);
}

char *test_program(const char *name)
{
	char *path;

	cr_assert_geq(asprintf(&path, "%s/%s", environment("SABOT_PROGRAMS"), name), 0);
	return path;
}
