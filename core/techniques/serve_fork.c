/* SPDX-License-Identifier: MIT */
/*
 * Fork: the parent has the master socket and only accepts; a child for each client has the client handle and serves
 * it. Each closes what belongs to the other: a copy that stays open would keep the connection open.
 */
#include "core/techniques/connection.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/base/banned.h"

static volatile pid_t children[CLIENTS_MAX];	/* 0: free. Changed by the handler, so read with SIGCHLD blocked. */

/* A child that has ended stays as a zombie until somebody waits for it; several may have ended with one signal. */
static void on_child(int number)
{
	int saved = errno;
	pid_t pid;

	(void)number;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < CLIENTS_MAX; i++)
			if (children[i] == pid)
				children[i] = 0;
	errno = saved;
}

static void child_signal(int how)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(how, &child, NULL);
}

/* The child: the rest of its life is one client. */
static void client_serve(const struct ref_options *o, const struct connection_calls *calls, int data_socket,
	int master_socket)
{
	struct client_handle *h;

	close(master_socket);
	signal(SIGCHLD, SIG_DFL);
	child_signal(SIG_UNBLOCK);
	stop_shuts_down(data_socket);
	h = client_handle_new(o, calls, data_socket);
	if (patience_set(data_socket, o) == 0)
		client_handle_serve(h);
	client_handle_free(h);
	_exit(0);	/* what the parent has registered to be done at exit is not the child's to do */
}

/* The parent: 0, or 1 if there is no room for one more child now. */
static int client_fork(
	const struct ref_options *o, const struct connection_calls *calls, int data_socket, int master_socket)
{
	int slot = 0, failed = 0;
	pid_t pid = -1;

	child_signal(SIG_BLOCK);
	while (slot < CLIENTS_MAX && children[slot] != 0)
		slot++;
	errno = EAGAIN;
	if (slot < CLIENTS_MAX)
		pid = fork();
	if (pid == 0)
		client_serve(o, calls, data_socket, master_socket);
	if (pid > 0)
		children[slot] = pid;
	else
		failed = say_errno("fork");
	child_signal(SIG_UNBLOCK);
	close(data_socket);
	return failed;
}

static void children_end(void)
{
	child_signal(SIG_BLOCK);
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (children[i] > 0)
			kill(children[i], SIGTERM);
	for (int i = 0; i < CLIENTS_MAX; i++)
		while (children[i] > 0 && waitpid(children[i], NULL, 0) < 0 && errno == EINTR)
			;
}

int serve_fork(const struct ref_options *o, const struct connection_calls *calls, int master_socket)
{
	struct sigaction reap = { .sa_handler = on_child, .sa_flags = SA_RESTART | SA_NOCLDSTOP };
	int data_socket, status = 0;

	sigemptyset(&reap.sa_mask);
	/* Mistake: nobody waits for the children, and each client leaves a zombie until the process table is full. */
	if (!mistake(ZOMBIE_CHILDREN))
		sigaction(SIGCHLD, &reap, NULL);
	stop_shuts_down(master_socket);
	while (status == 0 && !stop_asked()) {
		switch (client_accept(calls, master_socket, &data_socket)) {
		case ACCEPTED:
			if (client_fork(o, calls, data_socket, master_socket))
				back_off();
			break;
		case ACCEPTED_FULL:
			back_off();
			break;
		case ACCEPTED_FAILED:
			status = 1;
			break;
		default:
			break;
		}
	}
	children_end();
	return status;
}
