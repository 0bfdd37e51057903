/* SPDX-License-Identifier: MIT */
/*
 * What programs do to a library that lives in them: its first argument says what. Prints what came of it; what is
 * printed is the same with and without a watcher.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/banned.h"

enum { DESCRIPTORS = 1024, THREADS = 64, CHILDREN = 100, EXCHANGES = 100, STORM_EXCHANGES = 20000, NOBODY = 65534 };

static char *self_path, stage[] = "stage-two";
static int failures;

static void check(int holds, const char *what)
{
	printf("%s: %s\n", what, holds ? "yes" : "no");
	failures += !holds;
}

/* n words there and back through a new pair. 1: all came. */
static int exchange(int n)
{
	int fds[2], good = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		return 0;
	for (int i = 0; i < n && good; i++) {
		int there = i, back = -1;

		good = write(fds[0], &there, sizeof(there)) == sizeof(there) &&
		       recv(fds[1], &back, sizeof(back), MSG_WAITALL) == sizeof(back) && back == there;
	}
	close(fds[0]);
	close(fds[1]);
	return good;
}

static int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int in_child(void (*work)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		work();
		fflush(stdout);
		_exit(failures ? 1 : 0);
	}
	return pid > 0 && wait_for(pid) == 0;
}

static void close_by_loop(void)
{
	for (int fd = 3; fd < DESCRIPTORS; fd++)
		close(fd);
	check(exchange(3), "exchange after close in a loop");
}

static void close_by_range(void)
{
	check(close_range(3, ~0u, 0) == 0, "close_range");
	check(exchange(3), "exchange after close_range");
}

static void close_by_from(void)
{
	closefrom(3);
	check(exchange(3), "exchange after closefrom");
}

static void closes(void)
{
	check(exchange(1), "exchange");
	check(in_child(close_by_loop), "child that closes in a loop");
	check(in_child(close_by_range), "child that closes a range");
	check(in_child(close_by_from), "child that closes from a number on");
	close_by_loop();
}

static void dups(void)
{
	int fds[2], good = 1;
	char byte = 'x';

	check(pipe(fds) == 0, "pipe");
	for (int fd = 3; fd < DESCRIPTORS; fd++) {
		if (fd == fds[0] || fd == fds[1])
			continue;
		good &= dup2(fds[1], fd) == fd && write(fd, &byte, 1) == 1 && read(fds[0], &byte, 1) == 1;
		if (fd < DESCRIPTORS - 1)
			close(fd);
	}
	check(good, "write through every number");
	check(exchange(3), "exchange");
}

static void stage_two(void)
{
	check(exchange(2), "exchange in the new image");
}

static void clears(void)
{
	char *const args[] = { self_path, stage, NULL };

	check(exchange(1), "exchange");
	fflush(stdout);
	clearenv();
	execv(self_path, args);
	check(0, "exec");
}

static void clears_for_child(void)
{
	char *const args[] = { self_path, stage, NULL }, *const nothing[] = { NULL };

	execve(self_path, args, nothing);
	check(0, "exec with an empty environment");
}

static void empties(void)
{
	check(in_child(clears_for_child), "child with an empty environment");
}

static void daemonises(void)
{
	int fds[2], from[2];
	char word[8] = "";
	pid_t pid;

	check(pipe(fds) == 0 && pipe(from) == 0, "pipes");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork())
			_exit(0);
		if (chdir("/"))
			_exit(1);
		for (int fd = 0; fd <= 2; fd++) {
			close(fd);
			open("/dev/null", O_RDWR);
		}
		close(fds[1]);
		close(from[0]);
		if (read(fds[0], word, sizeof(word)) != 5 || !exchange(3) || write(from[1], word, 5) != 5)
			_exit(1);
		_exit(0);
	}
	check(wait_for(pid) == 0, "the one in between ends");
	close(fds[0]);
	close(from[1]);
	check(write(fds[1], "hello", 5) == 5, "write to the daemon");
	check(read(from[0], word, sizeof(word)) == 5, "read from the daemon");
	/* At its end, not before, this end of the pipe says so. */
	check(read(from[0], word, sizeof(word)) == 0, "the daemon ends");
}

static void become_nobody(void)
{
	char *const args[] = { self_path, stage, NULL };

	check(setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0, "setuid");
	check(exchange(3), "exchange as somebody else");
	check(in_child(stage_two), "child of somebody else");
	fflush(stdout);
	execv(self_path, args);
	check(0, "exec as somebody else");
}

static void changes_user(void)
{
	if (geteuid() == 0)
		check(in_child(become_nobody), "child that changes its user");
}

static void new_root(void)
{
	check(chroot(".") == 0 && chdir("/") == 0, "chroot");
	check(exchange(3), "exchange in the new root");
	check(in_child(stage_two), "child in the new root");
}

static void changes_root(void)
{
	char directory[] = "/tmp/hostile-XXXXXX";

	if (geteuid() != 0 || !mkdtemp(directory) || chdir(directory))
		return;
	check(in_child(new_root), "child that changes its root");
	check(rmdir(directory) == 0, "rmdir");
}

static void new_namespaces(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC))
		return;		/* not allowed here: nothing to be seen */
	if (!exchange(3) || !in_child(stage_two))
		_exit(1);
}

static void changes_namespaces(void)
{
	check(in_child(new_namespaces), "child that changes its namespaces");
}

static int storm_fds[2];
static volatile sig_atomic_t storm_sent;

static void on_alarm(int sig)
{
	int saved = errno;

	(void)sig;
	if (write(storm_fds[1], "!", 1) == 1)
		storm_sent++;
	errno = saved;
}

static void storms(void)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
	int good = 1, n = 0;
	char byte;

	check(pipe2(storm_fds, O_NONBLOCK) == 0, "pipe");
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; good && (i < STORM_EXCHANGES / EXCHANGES || storm_sent < 20); i++)
		good = exchange(EXCHANGES);
	setitimer(ITIMER_REAL, &never, NULL);
	check(good, "exchanges in the storm");
	while (read(storm_fds[0], &byte, 1) == 1)
		n++;
	check(n == storm_sent, "as many bytes as signals");
}

static pthread_barrier_t barrier;
static int cancel_fds[2];

static void *blocked(void *arg)
{
	char byte;

	pthread_barrier_wait(&barrier);
	recv(cancel_fds[0], &byte, 1, 0);
	return arg;
}

static void cancels(void)
{
	pthread_t thread;
	void *result = NULL;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, cancel_fds) == 0, "socketpair");
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 50; i++) {
		pthread_create(&thread, NULL, blocked, NULL);
		pthread_barrier_wait(&barrier);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		if (result != PTHREAD_CANCELED)
			break;
	}
	check(result == PTHREAD_CANCELED, "cancelled in recv");
	check(exchange(3), "exchange");
}

static void *exchanger(void *arg)
{
	return exchange(EXCHANGES) ? arg : NULL;
}

static void threads(void)
{
	pthread_t all[THREADS];
	int good = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&all[i], NULL, exchanger, all);
	for (int i = 0; i < THREADS; i++) {
		void *result = NULL;

		pthread_join(all[i], &result);
		good += result != NULL;
	}
	check(good == THREADS, "exchange in 64 threads");
}

/* A child of vfork gives its program other descriptors; those of the parent stay what they were. */
static int moves_in_child(void)
{
	int fds[2], more[2];
	char bytes[8];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || pipe(more))
		return 0;
	pid = vfork();
	if (pid == 0)
		_exit(dup2(more[1], fds[1]) == fds[1] ? 0 : 1);
	if (wait_for(pid) != 0 || write(fds[1], "after", 5) != 5 || read(fds[0], bytes, sizeof(bytes)) != 5)
		return 0;
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(more[i]);
	}
	return 1;
}

static void vforks(void)
{
	char *const args[] = { self_path, stage, NULL };
	pid_t pid;

	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		execv(self_path, args);
		_exit(1);
	}
	check(wait_for(pid) == 0, "child of vfork");
	pid = vfork();
	if (pid == 0)
		_exit(7);
	check(wait_for(pid) == 7 << 8, "child of vfork that ends");
	check(exchange(3), "exchange after vfork");
	check(moves_in_child(), "descriptors after vfork");
}

static void spawns(void)
{
	char *volatile nowhere = NULL;
	char *const args[] = { self_path, stage, NULL }, *const nothing[] = { NULL };
	pid_t pid = -1;

	fflush(stdout);
	check(posix_spawn(&pid, self_path, NULL, NULL, args, nothing) == 0 && wait_for(pid) == 0, "posix_spawn");
	fflush(stdout);
	check(posix_spawnp(&pid, self_path, NULL, NULL, args, environ) == 0 && wait_for(pid) == 0, "posix_spawnp");
	check(execve(nowhere, args, environ) == -1 && errno == EFAULT, "execve of nothing");
}

static void children(void)
{
	pid_t all[CHILDREN];
	int good = 0;

	fflush(stdout);
	for (int i = 0; i < CHILDREN; i++) {
		all[i] = fork();
		if (all[i] == 0)
			_exit(exchange(3) ? 0 : 1);
	}
	for (int i = 0; i < CHILDREN; i++)
		good += all[i] > 0 && wait_for(all[i]) == 0;
	check(good == CHILDREN, "100 children");
}

static void die_in_the_middle(void)
{
	check(exchange(3), "exchange before the end");
	fflush(stdout);
	kill(getpid(), SIGKILL);
}

static void dies(void)
{
	pid_t pid;

	for (int i = 0; i < 10; i++) {
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			die_in_the_middle();
		if (wait_for(pid) != SIGKILL)
			failures++;
	}
	check(exchange(3), "exchange after ten deaths");
}

static void abort_quietly(void)
{
	abort();
}

static void loses_child(void)
{
	in_child(abort_quietly);
	check(exchange(3), "exchange as if nothing had been");
}

static void uses_stdio(void)
{
	int fds[2];
	char line[64] = "";
	FILE *one, *two;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair");
	one = fdopen(fds[0], "r+");
	two = fdopen(fds[1], "r+");
	fprintf(one, "a line of %d words\n", 5);
	fflush(one);
	check(fgets(line, sizeof(line), two) && strcmp(line, "a line of 5 words\n") == 0, "fgets");
	fputs("bye\n", two);
	fclose(two);
	check(fscanf(one, "%63s", line) == 1 && strcmp(line, "bye") == 0, "fscanf");
	check(fgetc(one) == '\n' && fgetc(one) == EOF, "end of file");
	fclose(one);
}

static const struct mode {
	const char *name;
	void (*work)(void);
} modes[] = {
	{ "closes", closes }, { "dups", dups }, { "clears", clears }, { "empties", empties },
	{ "daemonises", daemonises }, { "user", changes_user }, { "root", changes_root },
	{ "namespaces", changes_namespaces }, { "storms", storms }, { "cancels", cancels }, { "threads", threads },
	{ "vforks", vforks }, { "spawns", spawns }, { "children", children }, { "dies", dies },
	{ "aborts", loses_child }, { "stdio", uses_stdio },
	{ "stage-two", stage_two },
};

int main(int argc, char **argv)
{
	self_path = realpath("/proc/self/exe", NULL);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(argv[1], modes[i].name) != 0)
			continue;
		modes[i].work();
		free(self_path);
		return failures ? 1 : 0;
	}
	return 2;
}
