/* SPDX-License-Identifier: MIT */
#include "tests/support/ref_run.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/base/banned.h"

extern char **environ;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool ref_word(const char *words, size_t i, char text[32])
{
	for (; i > 0 && *words; i--) {
		words += strcspn(words, " ");
		words += strspn(words, " ");
	}
	if (!*words || strcspn(words, " ") >= 32)
		return false;
	memcpy(text, words, strcspn(words, " "));
	text[strcspn(words, " ")] = '\0';
	return true;
}

/* ---- what belongs to a case ---- */

/* A port that is free for TCP and UDP. */
static int port_find(void)
{
	for (int tries = 0; tries < 100; tries++) {
		struct sockaddr_in address = { .sin_family = AF_INET,
			.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
		socklen_t size = sizeof(address);
		int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
		bool free = bind(tcp, (struct sockaddr *)&address, size) == 0 &&
			getsockname(tcp, (struct sockaddr *)&address, &size) == 0 &&
			bind(udp, (struct sockaddr *)&address, size) == 0;

		close(tcp);
		close(udp);
		if (free)
			return ntohs(address.sin_port);
	}
	cr_assert_fail("no port is free");
	return 0;
}

void ref_case_init(struct ref_case *c)
{
	cr_assert_not_null(getenv("SABOT_REF"), "SABOT_REF is not set: run the tests with ctest");
	snprintf(c->directory, sizeof(c->directory), "/tmp/sabot-conform-XXXXXX");
	cr_assert_not_null(mkdtemp(c->directory));
	c->port = port_find();
	snprintf(c->id, sizeof(c->id), "t%s", c->directory + strlen("/tmp/sabot-conform-"));
	/* The bytes of all POSIX queues of a user are limited: one such case at a time. The program is the lock. */
	c->lock = strcmp(c->technique, "posix-mq") == 0 ? open(getenv("SABOT_REF"), O_RDONLY | O_CLOEXEC) : -1;
	if (c->lock >= 0)
		cr_assert_eq(flock(c->lock, LOCK_EX), 0);
	c->key = (int)(getpid() & 0x3fffff) << 8 | 1;
}

static int files_count(const char *path, const char *part, bool remove)
{
	DIR *d = opendir(path);
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.' || !strstr(e->d_name, part))
			continue;
		n++;
		fprintf(stderr, "left behind: %s/%s\n", path, e->d_name);
		if (remove)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	return n;
}

/* System V objects with the case's key, which are removed. */
static int sysv_count(int key)
{
	int shm = shmget(key, 0, 0), msg = msgget(key, 0), sem = semget(key, 0, 0);

	if (shm >= 0)
		shmctl(shm, IPC_RMID, NULL);
	if (msg >= 0)
		msgctl(msg, IPC_RMID, NULL);
	if (sem >= 0)
		semctl(sem, 0, IPC_RMID);
	return (shm >= 0) + (msg >= 0) + (sem >= 0);
}

int ref_case_fini(struct ref_case *c)
{
	int n = files_count(c->directory, "", true) + files_count("/dev/shm", c->id, true) +
		files_count("/dev/mqueue", c->id, true) + sysv_count(c->key);

	rmdir(c->directory);
	if (c->lock >= 0)
		close(c->lock);
	return n;
}

/* ---- processes ---- */

static void option_add(char **argv, size_t *n, const char *name, const char *format, ...)
{
	char text[96];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	argv[(*n)++] = mem_dup(name);
	argv[(*n)++] = mem_dup(text);
}

static size_t arguments(const struct ref_case *c, unsigned client, char **argv)
{
	size_t n = 0;

	argv[n++] = mem_dup(getenv("SABOT_REF"));
	argv[n++] = mem_dup(c->technique);
	argv[n++] = mem_dup(client ? "client" : "server");
	option_add(argv, &n, "--dir", "%s", c->directory);
	option_add(argv, &n, "--port", "%d", c->port);
	option_add(argv, &n, "--key", "%d", c->key);
	option_add(argv, &n, "--id", "%s", c->id);
	option_add(argv, &n, "--clients", "%u", c->n_clients);
	if (client)
		option_add(argv, &n, "--client", "%u", client);
	if (c->pattern)
		option_add(argv, &n, "--pattern", "%s", c->pattern);
	if (c->design && *c->design)
		option_add(argv, &n, "--design", "%s", c->design);
	if (c->size)
		option_add(argv, &n, "--size", "%s", c->size);
	if (c->mistakes)
		option_add(argv, &n, "--mistakes", "%s", c->mistakes);
	if (c->messages)
		option_add(argv, &n, "--messages", "%u", c->messages);
	if (c->window)
		option_add(argv, &n, "--window", "%u", c->window);
	argv[n] = NULL;
	return n;
}

void ref_start(const struct ref_case *c, unsigned client, struct ref_process *p)
{
	posix_spawn_file_actions_t actions;
	int out[2], err[2];
	char *argv[40];
	size_t n;

	n = arguments(c, client, argv);
	*p = (struct ref_process){ .pid = -1, .status = -1 };
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	posix_spawn_file_actions_adddup2(&actions, err[1], 2);
	cr_assert_eq(posix_spawn(&p->pid, argv[0], &actions, NULL, argv, environ), 0, "cannot start %s", argv[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	close(err[1]);
	p->out = out[0];
	p->err = err[0];
	while (n > 0)
		free(argv[--n]);
}

static void output_read(int *fd, char *text, size_t *n)
{
	char rest[256];
	bool full = *n + 1 >= REF_OUTPUT;
	ssize_t got = full ? read(*fd, rest, sizeof(rest)) : read(*fd, text + *n, REF_OUTPUT - 1 - *n);

	if (got > 0) {
		*n += full ? 0 : (size_t)got;
	} else if (got == 0 || errno != EINTR) {
		close(*fd);
		*fd = -1;
	}
}

/* Reads until there is nothing more to come, or `until` stands in the output. False: the deadline has passed. */
static bool outputs_read(struct ref_process *p, const char *until)
{
	int64_t deadline = now_ms() + REF_DEADLINE_MS;

	while (p->out >= 0 || p->err >= 0) {
		struct pollfd list[2] = { { .fd = p->out, .events = POLLIN }, { .fd = p->err, .events = POLLIN } };
		int64_t left = deadline - now_ms();

		if (until && strstr(p->out_text, until))
			return true;
		if (left <= 0 || poll(list, 2, (int)left) == 0)
			return false;
		if (list[0].revents)
			output_read(&p->out, p->out_text, &p->n_out);
		if (list[1].revents)
			output_read(&p->err, p->err_text, &p->n_err);
	}
	return !until || strstr(p->out_text, until);
}

bool ref_ready(struct ref_process *p)
{
	return outputs_read(p, "ready\n");
}

void ref_wait(struct ref_process *p)
{
	bool ended = outputs_read(p, NULL);
	int status;

	if (!ended)
		kill(p->pid, SIGKILL);
	cr_assert_eq(waitpid(p->pid, &status, 0), p->pid);
	if (ended)
		p->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (p->out >= 0)
		close(p->out);
	if (p->err >= 0)
		close(p->err);
	p->pid = -1;
}

bool ref_run(const struct ref_case *c, struct ref_process *server, struct ref_process clients[REF_CLIENTS])
{
	const struct technique_info *t = technique_find(c->technique);
	bool ready;

	ref_start(c, 0, server);
	ready = ref_ready(server);
	if (!ready) {
		kill(server->pid, SIGTERM);
		ref_wait(server);
		cr_expect_eq(server->status, 77, "%s server: never ready, status %d: %s", c->technique, server->status,
			server->err_text);
		return false;
	}
	for (unsigned i = 0; !t->children && i < c->n_clients; i++)
		ref_start(c, i + 1, &clients[i]);
	for (unsigned i = 0; !t->children && i < c->n_clients; i++)
		ref_wait(&clients[i]);
	if (!t->children)
		kill(server->pid, SIGTERM);
	ref_wait(server);
	return true;
}
